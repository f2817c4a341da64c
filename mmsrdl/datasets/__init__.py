"""Data sets for multi-label image recognition."""

from .coco_multi_label import CocoMultiLabel
from .image_boxes import ImageBoxes
from .label_sets import get_classes
from .multi_label_json import MultiLabelJson
from .transforms import (
    LoadImageWithTurboJPEG,
    MultiAspectCrop,
    MultiScaleCrop,
)
from .voc_multi_label import VOCMultiLabel
from .voc_xml import load_voc_boxes

__all__ = [
    'CocoMultiLabel',
    'ImageBoxes',
    'LoadImageWithTurboJPEG',
    'MultiAspectCrop',
    'MultiLabelJson',
    'MultiScaleCrop',
    'VOCMultiLabel',
    'get_classes',
    'load_voc_boxes',
]
