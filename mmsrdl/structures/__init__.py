"""Data structures."""

from .label_cooccurrence import LabelCooccurrence, reweighted_adjacency
from .label_embedding import LabelEmbedding

__all__ = ['LabelCooccurrence', 'LabelEmbedding', 'reweighted_adjacency']
