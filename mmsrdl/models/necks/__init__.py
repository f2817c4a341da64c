"""Necks: between backbone and head."""

from .cooccurrence_neck import CooccurrenceNeck
from .global_max_pooling import GlobalMaxPooling
from .label_graph_neck import LabelGraphNeck

__all__ = ['CooccurrenceNeck', 'GlobalMaxPooling', 'LabelGraphNeck']
