"""Necks: between backbone and head."""

from .cooccurrence_neck import CooccurrenceNeck
from .correlation_neck import CorrelationNeck
from .global_max_pooling import GlobalMaxPooling
from .label_graph_neck import LabelGraphNeck

__all__ = [
    'CooccurrenceNeck',
    'CorrelationNeck',
    'GlobalMaxPooling',
    'LabelGraphNeck',
]
