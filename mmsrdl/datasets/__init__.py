"""Data sets for multi-label image recognition."""

from .coco_multi_label import CocoMultiLabel
from .label_sets import get_classes
from .multi_label_json import MultiLabelJson
from .transforms import LoadImageWithTurboJPEG, MultiScaleCrop
from .voc_multi_label import VOCMultiLabel
from .voc_xml import VOCBoxes, load_voc_boxes

__all__ = [
    'CocoMultiLabel',
    'LoadImageWithTurboJPEG',
    'MultiLabelJson',
    'MultiScaleCrop',
    'VOCBoxes',
    'VOCMultiLabel',
    'get_classes',
    'load_voc_boxes',
]
