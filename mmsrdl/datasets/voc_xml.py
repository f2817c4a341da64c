"""Annotations of one image in the XML format of PASCAL VOC."""

import os
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

from .image_boxes import ImageBoxes


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
) -> ImageBoxes:
    """Read the boxes of an image, relative to its size.

    VOC counts pixels from 1 and includes the last one, so a box that covers
    a whole image is 1, 1, width, height in the file and 0, 0, 1, 1 here.

    Args:
        path (str | os.PathLike): The annotation file.
        classes (Sequence[str]): Class names; objects of other classes are
            left out.

    Returns:
        ImageBoxes: The objects, in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not valid or lacks the size of the image
            or the box of an object.
    """
    root = read_voc_xml(path)
    index = {name: i for i, name in enumerate(classes)}
    corners, labels, difficult = [], [], []
    for name, hard, element in iterate_objects(root, path):
        if name in index:
            x1, y1, *end = _numbers(element.find('bndbox'), _CORNERS, path)
            corners.append((x1 - 1, y1 - 1, *end))
            labels.append(index[name])
            difficult.append(hard)
    size = _numbers(root.find('size'), ('width', 'height'), path)
    try:
        return ImageBoxes.of(corners, labels, difficult, size)
    except ValueError as error:
        raise ValueError(f'{str(path)!r}: {error}.') from error


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
