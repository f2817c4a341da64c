"""Plain layers: modules and functions without a registry."""

from .category_attention import (
    IMPLEMENTATIONS,
    AttentionImplementation,
    CategoryAttention,
    find_implementation,
)
from .evaluation_cache import EvaluationCache
from .graph_convolution import NORMALIZATIONS, GraphConvolution
from .object_erasing import ObjectErasing

__all__ = [
    'IMPLEMENTATIONS',
    'NORMALIZATIONS',
    'AttentionImplementation',
    'CategoryAttention',
    'EvaluationCache',
    'GraphConvolution',
    'ObjectErasing',
    'find_implementation',
]
