"""MCAR: global and local streams of one network."""

from .mcar_classifier import MCARClassifier
from .mcar_head import MCARHead

__all__ = ['MCARClassifier', 'MCARHead']
