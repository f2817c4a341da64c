"""Metrics that MMEngine evaluators build from a config."""

from .multi_label_recognition import MultiLabelRecognitionMetric

__all__ = ['MultiLabelRecognitionMetric']
