"""ACfs: attention that flips and scales with the image."""

from .acfs_classifier import ACfsClassifier
from .acfs_head import ACfsHead
from .positive_ratio_hook import PositiveRatioHook

__all__ = ['ACfsClassifier', 'ACfsHead', 'PositiveRatioHook']
