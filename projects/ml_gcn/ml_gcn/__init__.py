"""ML-GCN: classifiers that a graph of labels makes of word vectors."""

from .ml_gcn_head import MLGCNHead

__all__ = ['MLGCNHead']
