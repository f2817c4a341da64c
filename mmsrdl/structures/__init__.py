"""Data structures."""

from .label_embedding import LabelEmbedding

__all__ = ['LabelEmbedding']
