"""Class names for a conversion: given, or collected from the labels."""

import json
from collections.abc import Sequence
from pathlib import Path

from mmsrdl.datasets.label_sets import read_classes
from mmsrdl.datasets.text_files import read_text
from mmsrdl.structures.class_names import check_class_names, describe_unknown


def read_class_list(source: str | Path) -> tuple[str, ...]:
    """Read class names from wherever they are.

    Args:
        source (str | Path): A converted ``.json``, whose order is taken; a
            text file with one name a line; or the name of a label set, such
            as ``'coco'``.

    Returns:
        tuple[str, ...]: Class names.

    Raises:
        FileNotFoundError: If there is no such ``.json``.
        ValueError: If it is none of these.
    """
    if Path(source).suffix != '.json':
        return read_classes(str(source))
    try:
        names = json.loads(read_text(source))['metainfo']['classes']
        return check_class_names(names, str(source))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{str(source)!r} is no converted file with class names under '
            f'"metainfo", "classes": {type(error).__name__} {error}'
        ) from error


def index_labels(
    rows: Sequence[tuple[str, Sequence[str]]],
    classes: Sequence[str] | None = None,
) -> tuple[tuple[str, ...], list[list[int]]]:
    """Turn names of labels into class indices.

    Args:
        rows (Sequence[tuple[str, Sequence[str]]]): Where an image's labels
            come from, for error messages, and their names.
        classes (Sequence[str], optional): The C classes. By default those
            that occur, sorted.

    Returns:
        tuple[tuple[str, ...], list[list[int]]]: Class names, and the sorted
        indices of each row.

    Raises:
        ValueError: If a name is not among the classes, or there is none.
    """
    if classes is None:
        classes = sorted({name for _, names in rows for name in names})
        if not classes:
            raise ValueError('There is no label at all.')
    index = {name: i for i, name in enumerate(classes)}
    unknown = {}
    for where, names in rows:
        for name in names:
            if name not in index:
                unknown.setdefault(name, where)
    if unknown:
        first = next(iter(unknown.values()))
        raise ValueError(
            f'{first}: labels that are not among the {len(classes)} classes: '
            f'{describe_unknown(list(unknown)[:10], list(classes))}.'
        )
    return (
        tuple(classes),
        [sorted({index[name] for name in names}) for _, names in rows],
    )
