"""Plain layers: modules and functions without a registry."""

from .category_attention import (
    IMPLEMENTATIONS,
    AttentionImplementation,
    CategoryAttention,
    find_implementation,
)
from .class_activation import class_activation_maps
from .evaluation_cache import EvaluationCache
from .gated_graph import GatedGraph
from .graph_convolution import NORMALIZATIONS, GraphConvolution
from .input_check import check_inputs
from .label_gcn import LabelGCN
from .object_erasing import ObjectErasing
from .semantic_attention import SemanticAttention
from .semantic_decoupling import SemanticDecoupling

__all__ = [
    'IMPLEMENTATIONS',
    'NORMALIZATIONS',
    'AttentionImplementation',
    'CategoryAttention',
    'EvaluationCache',
    'GatedGraph',
    'GraphConvolution',
    'LabelGCN',
    'ObjectErasing',
    'SemanticAttention',
    'SemanticDecoupling',
    'check_inputs',
    'class_activation_maps',
    'find_implementation',
]
