"""Measures of multi-label recognition."""

from .metrics import MultiLabelRecognitionMetric
from .pointing_game import peak_in_box, pointing_game

__all__ = ['MultiLabelRecognitionMetric', 'peak_in_box', 'pointing_game']
