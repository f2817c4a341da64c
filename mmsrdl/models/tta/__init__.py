"""Averaging over views of an image."""

from .average_multi_label_score import AverageMultiLabelScoreTTA
from .views import add_views, view_model, view_pipeline

__all__ = [
    'AverageMultiLabelScoreTTA',
    'add_views',
    'view_model',
    'view_pipeline',
]
