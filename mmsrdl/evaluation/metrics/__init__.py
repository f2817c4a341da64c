"""MMEngine metrics."""

from .dump_predictions import DumpPredictions
from .multi_label_recognition import MultiLabelRecognitionMetric

__all__ = ['DumpPredictions', 'MultiLabelRecognitionMetric']
