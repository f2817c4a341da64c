"""Classification heads."""

from .car_head import CARHead
from .category_feature_head import CategoryFeatureHead
from .multi_label_head import MultiLabelHead
from .multi_label_linear_head import MultiLabelLinearHead

__all__ = [
    'CARHead',
    'CategoryFeatureHead',
    'MultiLabelHead',
    'MultiLabelLinearHead',
]
