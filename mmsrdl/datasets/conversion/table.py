"""A CSV or TSV table of one's own, with a line of column names."""

import csv
import io
import posixpath
from collections.abc import Sequence
from pathlib import Path

from torchvision.datasets.folder import IMG_EXTENSIONS

from mmsrdl.datasets.text_files import read_text
from mmsrdl.structures.class_names import check_class_names, describe_unknown

from .class_lists import index_labels
from .labelled_images import LabelledImages
from .separators import choose_separator, split_labels

UNKNOWN = ('-1', '')
"""What stands for an unknown label among 1 and 0."""


def convert_table(
    path: str | Path,
    image_column: str | None = None,
    label_columns: Sequence[str] | None = None,
    separator: str | None = None,
    one_hot: bool = False,
    merge: bool = False,
    delimiter: str | None = None,
    classes: Sequence[str] | None = None,
) -> LabelledImages:
    """Read a table of images and their labels.

    Args:
        path (str | Path): The table; its first line names the columns.
        image_column (str, optional): Column of the paths. By default the
            first.
        label_columns (Sequence[str], optional): Columns of the labels. By
            default all others.
        separator (str, optional): What is between the labels of a cell. By
            default ``;``, ``,`` or ``|``, if just one of these occurs.
        one_hot (bool): Whether each label column is a class, with 1 where
            the image shows it, 0 where not, and -1 or nothing where that is
            unknown, as are classes without a column. Defaults to False.
        merge (bool): Whether an image may have several lines, whose labels
            add up. Defaults to False.
        delimiter (str, optional): What is between columns. By default a tab
            in files named ``.tsv`` and ``.tab``, else a comma.
        classes (Sequence[str], optional): Class names. By default the labels
            that occur, sorted; or the label columns of ``one_hot``.

    Returns:
        LabelledImages: Paths as in the table, with ``/``.

    Raises:
        FileNotFoundError: If there is no such table.
        ValueError: If the table is not valid; the message has the line.
    """
    path = Path(path).expanduser()
    if delimiter is None:
        delimiter = '\t' if path.suffix in ('.tsv', '.tab') else ','
    header, rows = _read_rows(path, delimiter)
    image_column = image_column or header[0]
    if label_columns is None:
        label_columns = [name for name in header if name != image_column]
    _check_columns(path, header, [image_column, *label_columns])
    image_at = header.index(image_column)
    labels_at = [header.index(name) for name in label_columns]
    cells = [[row[i].strip() for i in labels_at] for _, row in rows]
    wheres = [f'{str(path)!r}, line {number}' for number, _ in rows]
    names = [_clean_path(row[image_at]) for _, row in rows]
    notes, absent = [], [[] for _ in rows]
    if one_hot:
        classes = classes or label_columns
        _check_flags(wheres, cells, label_columns)
        shown = _names_where('1', cells, label_columns)
        absent = _names_where('0', cells, label_columns)
    else:
        separator = choose_separator(
            (cell for row in cells for cell in row), ';,|', separator
        )
        shown = [
            [name for cell in row for name in split_labels(cell, separator)]
            for row in cells
        ]
        between = 'not divided' if separator is None else f'at {separator!r}'
        notes.append(f'Labels of a cell: {between}.')

    first = _first_lines(names, wheres, merge)
    for where, name, *found in zip(wheres, names, shown, absent, strict=True):
        at = first[name]
        if wheres[at] != where:
            for lists, more in zip((shown, absent), found, strict=True):
                lists[at] += more
    lines = list(first.values())
    classes, labels = index_labels(
        [(wheres[at], shown[at]) for at in lines], classes
    )
    data_list = [
        {'img_path': name, 'gt_label': row}
        for name, row in zip(first, labels, strict=True)
    ]
    if one_hot and (
        set(classes) - set(label_columns)
        or any(cell in UNKNOWN for row in cells for cell in row)
    ):
        _, negative = index_labels(
            [(wheres[at], absent[at]) for at in lines], classes
        )
        for entry, row in zip(data_list, negative, strict=True):
            entry['gt_label_negative'] = sorted({*row} - {*entry['gt_label']})
    return LabelledImages(classes, data_list, notes=notes)


def _clean_path(text: str) -> str:
    text = text.strip().replace('\\', '/')
    return text if '://' in text or not text else posixpath.normpath(text)


def _first_lines(
    names: list[str], wheres: list[str], merge: bool
) -> dict[str, int]:
    """Where each image is listed first, as a position in the lists."""
    first = {}
    for at, (name, where) in enumerate(zip(names, wheres, strict=True)):
        if not name:
            raise ValueError(f'{where}: there is no image.')
        if first.setdefault(name, at) != at and not merge:
            raise ValueError(
                f'{where}: the image {name!r} has a line before '
                f'({wheres[first[name]]}). If its labels shall add up, use '
                'merge (--merge).'
            )
    return first


def _names_where(
    flag: str, cells: list[list[str]], classes: Sequence[str]
) -> list[list[str]]:
    return [
        [name for name, cell in zip(classes, row, strict=True) if cell == flag]
        for row in cells
    ]


def _read_rows(
    path: Path, delimiter: str
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Column names, and each row with the number of its last line."""
    reader = csv.reader(
        io.StringIO(read_text(path), newline=''),
        delimiter=delimiter,
        strict=True,
    )
    try:
        rows = [(reader.line_num, row) for row in reader if any(row)]
    except csv.Error as error:
        raise ValueError(
            f'{str(path)!r}, line {reader.line_num}: {error}.'
        ) from error
    if len(rows) < 2:
        raise ValueError(
            f'{str(path)!r} needs a line of column names and lines of images.'
        )
    (_, header), *rows = rows
    header = [name.strip() for name in header]
    if any(name.lower().endswith(IMG_EXTENSIONS) for name in header):
        raise ValueError(
            f'{str(path)!r}, line 1: {header} are no column names. Put names '
            'first, such as image,labels.'
        )
    check_class_names(header, f'{str(path)!r}, line 1, column names')
    for number, row in rows:
        if len(row) != len(header):
            advice = (
                f'Quote cells that contain {delimiter!r}.'
                if len(row) > len(header)
                else f'Put {delimiter!r} between all cells, empty ones too.'
            )
            raise ValueError(
                f'{str(path)!r}, line {number}: {len(row)} '
                f'{"column" if len(row) == 1 else "columns"} instead of '
                f'{len(header)} ({", ".join(header)}). {advice}'
            )
    return header, rows


def _check_columns(
    path: Path, header: list[str], wanted: Sequence[str]
) -> None:
    unknown = [name for name in wanted if name not in header]
    if unknown:
        raise ValueError(
            f'{str(path)!r} has the columns {", ".join(header)}: no '
            f'{describe_unknown(unknown, header)}.'
        )
    if len(wanted) < 2:
        raise ValueError(
            f'{str(path)!r} has the column {header[0]!r} alone, and none for '
            'labels. If something else divides its columns, such as ";", say '
            'so: delimiter (--delimiter).'
        )


def _check_flags(
    wheres: list[str], cells: list[list[str]], classes: Sequence[str]
) -> None:
    for where, row in zip(wheres, cells, strict=True):
        for name, cell in zip(classes, row, strict=True):
            if cell not in ('1', '0', *UNKNOWN):
                raise ValueError(
                    f'{where}: {name!r} must be 1, 0 or, if unknown, -1 or '
                    f'nothing; got {cell!r}.'
                )
