"""High-level interfaces."""

from .matching_weights import load_matching_weights
from .multi_label_inferencer import MultiLabelInferencer
from .voc_attention import draw_erased_attention, play_voc_pointing_game

__all__ = [
    'MultiLabelInferencer',
    'draw_erased_attention',
    'load_matching_weights',
    'play_voc_pointing_game',
]
