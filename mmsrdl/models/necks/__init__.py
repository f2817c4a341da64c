"""Necks: between backbone and head."""

from .global_max_pooling import GlobalMaxPooling
from .label_graph_neck import LabelGraphNeck

__all__ = ['GlobalMaxPooling', 'LabelGraphNeck']
