"""Converters of public and own data to the file of ``MultiLabelJson``."""

from .class_lists import index_labels
from .coco import convert_coco
from .label_folders import convert_label_folders
from .labelled_images import LabelledImages
from .nuswide import convert_nuswide
from .report import report
from .table import convert_table
from .visual_genome import convert_vg256, convert_vg500, locate_vg_images
from .voc import convert_voc
from .yolo import convert_yolo

__all__ = [
    'LabelledImages',
    'convert_coco',
    'convert_label_folders',
    'convert_nuswide',
    'convert_table',
    'convert_vg256',
    'convert_vg500',
    'convert_voc',
    'convert_yolo',
    'index_labels',
    'locate_vg_images',
    'report',
]
