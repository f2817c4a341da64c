"""The spatial-context-aware network: objects, and their surroundings."""

from .boxed_datasets import CocoWithBoxes, VOCWithBoxes
from .feature_pyramid import FeaturePyramid
from .load_boxes import LoadBoxes
from .spatial_context_head import SpatialContextHead

__all__ = [
    'CocoWithBoxes',
    'FeaturePyramid',
    'LoadBoxes',
    'SpatialContextHead',
    'VOCWithBoxes',
]
