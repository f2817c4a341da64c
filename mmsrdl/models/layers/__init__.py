"""Plain layers: modules and functions without a registry."""

from .category_attention import IMPLEMENTATIONS, CategoryAttention
from .evaluation_cache import EvaluationCache
from .graph_convolution import NORMALIZATIONS, GraphConvolution
from .object_erasing import ObjectErasing

__all__ = [
    'IMPLEMENTATIONS',
    'NORMALIZATIONS',
    'CategoryAttention',
    'EvaluationCache',
    'GraphConvolution',
    'ObjectErasing',
]
