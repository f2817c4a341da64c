"""High-level interfaces."""

from .matching_weights import load_matching_weights
from .multi_label_inferencer import MultiLabelInferencer

__all__ = ['MultiLabelInferencer', 'load_matching_weights']
