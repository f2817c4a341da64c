"""Averaging over views of an image."""

from .average_multi_label_score import AverageMultiLabelScoreTTA

__all__ = ['AverageMultiLabelScoreTTA']
