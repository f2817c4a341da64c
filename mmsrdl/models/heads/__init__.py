"""Classification heads."""

from .car_head import CARHead
from .multi_label_linear_head import MultiLabelLinearHead

__all__ = ['CARHead', 'MultiLabelLinearHead']
