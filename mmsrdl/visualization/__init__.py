"""Drawing."""

from .attention import draw_attention
from .cooccurrence_map import plot_cooccurrence
from .training_curves import plot_training_curves

__all__ = ['draw_attention', 'plot_cooccurrence', 'plot_training_curves']
