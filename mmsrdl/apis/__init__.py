"""High-level interfaces."""

from .attention_drawer import AttentionDrawer
from .attention_pictures import compare_top_labels, draw_top_labels
from .image_attention import (
    ImageAttention,
    attend_to_image,
    attend_to_sample,
)
from .label_maps import LabelMaps, compute_label_maps
from .localisation import localise_dataset
from .matching_weights import load_matching_weights
from .multi_label_inferencer import MultiLabelInferencer
from .prediction_files import write_predictions

__all__ = [
    'AttentionDrawer',
    'ImageAttention',
    'LabelMaps',
    'MultiLabelInferencer',
    'attend_to_image',
    'attend_to_sample',
    'compare_top_labels',
    'compute_label_maps',
    'draw_top_labels',
    'load_matching_weights',
    'localise_dataset',
    'write_predictions',
]
