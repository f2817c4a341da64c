"""Drawing."""

from .attention import draw_attention
from .attention_comparison import ModelAttention, compare_attention
from .cooccurrence_map import plot_cooccurrence
from .fonts import fit_fonts, font_families
from .localisation_bars import plot_localisation
from .method_comparison import plot_methods
from .multi_label_visualizer import MultiLabelVisualizer
from .rendering import render
from .spread_plot import plot_spread
from .training_curves import plot_training_curves

__all__ = [
    'ModelAttention',
    'MultiLabelVisualizer',
    'compare_attention',
    'draw_attention',
    'fit_fonts',
    'font_families',
    'plot_cooccurrence',
    'plot_localisation',
    'plot_methods',
    'plot_spread',
    'plot_training_curves',
    'render',
]
