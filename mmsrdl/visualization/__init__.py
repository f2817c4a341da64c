"""Drawing."""

from .attention import draw_attention
from .training_curves import plot_training_curves

__all__ = ['draw_attention', 'plot_training_curves']
