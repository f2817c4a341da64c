"""Annotations of one image in the XML format of PASCAL VOC."""

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np


class VOCBoxes(NamedTuple):
    """Objects of one image.

    Attributes:
        boxes (np.ndarray): x1, y1, x2, y2 in units of the image's width and
            height, (M, 4), float32 in [0, 1].
        labels (np.ndarray): Class indices, (M,), int64.
        difficult (np.ndarray): Whether the object is difficult, (M,), bool.
    """

    boxes: np.ndarray
    labels: np.ndarray
    difficult: np.ndarray


def read_voc_xml(path: str | os.PathLike) -> ElementTree.Element:
    """Parse an annotation file.

    Args:
        path (str | os.PathLike): The file.

    Returns:
        ElementTree.Element: Its root.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not valid XML; which line.
    """
    try:
        return ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise ValueError(f'{str(path)!r} is not valid XML: {error}') from error


def iterate_objects(
    root: ElementTree.Element, path: str | os.PathLike
) -> Iterator[tuple[str, bool, ElementTree.Element]]:
    """Yield name, difficulty and element of each object.

    An object without ``difficult`` is not difficult.

    Args:
        root (ElementTree.Element): What :func:`read_voc_xml` returns.
        path (str | os.PathLike): The file, for error messages.

    Raises:
        ValueError: If an object has no name or a strange ``difficult``.
    """
    for element in root.iterfind('object'):
        name = (element.findtext('name') or '').strip()
        if not name:
            raise ValueError(f'{str(path)!r} has an object without a name.')
        difficult = (element.findtext('difficult') or '0').strip()
        if difficult not in ('0', '1'):
            raise ValueError(
                f'{str(path)!r}: `difficult` of an object {name!r} must be 0 '
                f'or 1, got {difficult!r}.'
            )
        yield name, difficult == '1', element


def load_voc_boxes(
    path: str | os.PathLike, classes: Sequence[str]
) -> VOCBoxes:
    """Read the boxes of an image, relative to its size.

    VOC counts pixels from 1 and includes the last one, so a box that covers
    a whole image is 1, 1, width, height in the file and 0, 0, 1, 1 here.

    Args:
        path (str | os.PathLike): The annotation file.
        classes (Sequence[str]): Class names; objects of other classes are
            left out.

    Returns:
        VOCBoxes: The objects, in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not valid or lacks the size of the image
            or the box of an object.
    """
    root = read_voc_xml(path)
    index = {name: i for i, name in enumerate(classes)}
    objects = [
        (_numbers(element.find('bndbox'), _CORNERS, path), index[name], hard)
        for name, hard, element in iterate_objects(root, path)
        if name in index
    ]
    boxes = np.array([box for box, _, _ in objects], np.float64).reshape(-1, 4)
    width, height = _numbers(root.find('size'), ('width', 'height'), path)
    if min(width, height) <= 0:
        raise ValueError(f'{str(path)!r}: the image size must be positive.')
    boxes -= (1, 1, 0, 0)
    boxes /= (width, height, width, height)
    return VOCBoxes(
        boxes.clip(0, 1).astype(np.float32),
        np.array([label for _, label, _ in objects], np.int64),
        np.array([hard for _, _, hard in objects], bool),
    )


_CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')


def _numbers(
    element: ElementTree.Element | None,
    tags: Sequence[str],
    path: str | os.PathLike,
) -> list[float]:
    try:
        return [float(element.findtext(tag)) for tag in tags]
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f'{str(path)!r} must give {", ".join(tags)} as numbers.'
        ) from error
