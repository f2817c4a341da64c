"""Class names of the public data sets.

VOC is in alphabetical order, COCO in category-id order (ML-GCN and its
followers order COCO alphabetically: such label files do not fit by position),
NUS-WIDE in the order of its concept list, which is alphabetical.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from mmsrdl.structures.class_names import check_class_names

from .text_files import read_lines, read_text

VOC_CLASSES = (
    'aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat',
    'chair', 'cow', 'diningtable', 'dog', 'horse', 'motorbike', 'person',
    'pottedplant', 'sheep', 'sofa', 'train', 'tvmonitor',
)  # fmt: skip

COCO_CLASSES = (
    'person', 'bicycle', 'car', 'motorcycle', 'airplane', 'bus', 'train',
    'truck', 'boat', 'traffic light', 'fire hydrant', 'stop sign',
    'parking meter', 'bench', 'bird', 'cat', 'dog', 'horse', 'sheep',
    'cow', 'elephant', 'bear', 'zebra', 'giraffe', 'backpack', 'umbrella',
    'handbag', 'tie', 'suitcase', 'frisbee', 'skis', 'snowboard',
    'sports ball', 'kite', 'baseball bat', 'baseball glove', 'skateboard',
    'surfboard', 'tennis racket', 'bottle', 'wine glass', 'cup', 'fork',
    'knife', 'spoon', 'bowl', 'banana', 'apple', 'sandwich', 'orange',
    'broccoli', 'carrot', 'hot dog', 'pizza', 'donut', 'cake', 'chair',
    'couch', 'potted plant', 'bed', 'dining table', 'toilet', 'tv',
    'laptop', 'mouse', 'remote', 'keyboard', 'cell phone', 'microwave',
    'oven', 'toaster', 'sink', 'refrigerator', 'book', 'clock', 'vase',
    'scissors', 'teddy bear', 'hair drier', 'toothbrush',
)  # fmt: skip

NUSWIDE_CLASSES = (
    'airport', 'animal', 'beach', 'bear', 'birds', 'boats', 'book',
    'bridge', 'buildings', 'cars', 'castle', 'cat', 'cityscape', 'clouds',
    'computer', 'coral', 'cow', 'dancing', 'dog', 'earthquake', 'elk',
    'fire', 'fish', 'flags', 'flowers', 'food', 'fox', 'frost', 'garden',
    'glacier', 'grass', 'harbor', 'horses', 'house', 'lake', 'leaf', 'map',
    'military', 'moon', 'mountain', 'nighttime', 'ocean', 'person',
    'plane', 'plants', 'police', 'protest', 'railroad', 'rainbow',
    'reflection', 'road', 'rocks', 'running', 'sand', 'sign', 'sky',
    'snow', 'soccer', 'sports', 'statue', 'street', 'sun', 'sunset',
    'surf', 'swimmers', 'tattoo', 'temple', 'tiger', 'tower', 'town',
    'toy', 'train', 'tree', 'valley', 'vehicle', 'water', 'waterfall',
    'wedding', 'whales', 'window', 'zebra',
)  # fmt: skip

LABEL_SETS = {
    'voc': VOC_CLASSES,
    'coco': COCO_CLASSES,
    'nuswide': NUSWIDE_CLASSES,
}


def get_classes(classes: str | Sequence[str]) -> tuple[str, ...]:
    """Turn the name of a label set into class names.

    Args:
        classes (str | Sequence[str]): ``'voc'``, ``'coco'`` or
            ``'nuswide'``, in any case, with or without hyphens and a year
            (``'VOC2007'``, ``'coco14'``, ``'NUS-WIDE'``); or class names,
            which are checked and returned.

    Returns:
        tuple[str, ...]: Class names, in the order of the label set.

    Raises:
        ValueError: If there is no label set of that name, or the class
            names are empty or not unique.
        TypeError: If ``classes`` is neither a string nor a list of strings.
    """
    if not isinstance(classes, str):
        return check_class_names(classes, 'classes')
    name = re.sub(r'[-_ ]|(20)?\d\d$', '', classes.lower())
    if name not in LABEL_SETS:
        raise ValueError(
            f'There is no label set {classes!r}; known are '
            f'{", ".join(map(repr, LABEL_SETS))}. For other data give the '
            'class names themselves, as a list.'
        )
    return LABEL_SETS[name]


def read_classes(classes: str | Path | Sequence[str]) -> tuple[str, ...]:
    """Like :func:`get_classes`, but takes files too.

    Args:
        classes (str | Path | Sequence[str]): What :func:`get_classes` takes,
            or the path of a text file with one class name a line, or of a
            converted ``.json``, whose order is taken.

    Returns:
        tuple[str, ...]: Class names.

    Raises:
        FileNotFoundError: If there is no such ``.json``.
        ValueError: If it is none of these, the file is not UTF-8, or the
            names are empty or not unique.
        TypeError: If ``classes`` is neither a path nor a list of strings.
    """
    if not isinstance(classes, str | Path):
        return get_classes(classes)
    path = Path(classes).expanduser()
    if path.suffix == '.json':
        return _read_converted(path)
    if path.is_file():
        names = [name for name in read_lines(path) if name]
        return check_class_names(names, str(path))
    try:
        return get_classes(str(classes))
    except ValueError as error:
        raise ValueError(
            f'{error} There is no such text file either.'
        ) from None


def _read_converted(path: Path) -> tuple[str, ...]:
    try:
        names = json.loads(read_text(path))['metainfo']['classes']
        return check_class_names(names, str(path))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{str(path)!r} is no converted file with class names under '
            f'"metainfo", "classes": {type(error).__name__} {error}'
        ) from error
