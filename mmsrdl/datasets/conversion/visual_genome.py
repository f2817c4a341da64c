"""Visual Genome, as the lists of SSGRL and of MLC-PAT have it."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmsrdl.datasets.text_files import read_lines, read_text

from .labelled_images import LabelledImages

FOLDERS = ('VG_100K', 'VG_100K_2')
"""What the two official archives unpack to."""


def convert_vg500(
    image_list: str | Path,
    labels: str | Path,
    classes: Sequence[str] | None = None,
    num_classes: int = 500,
) -> LabelledImages:
    """Read the lists of SSGRL.

    Args:
        image_list (str | Path): ``train_list_500.txt`` or
            ``test_list_500.txt``: an image's file name a line.
        labels (str | Path): ``vg_category_500_labels_index.json``: file name
            to class indices, of both splits.
        classes (Sequence[str], optional): Names of the classes, which are
            not in these files. By default ``'class 0'`` and so on.
        num_classes (int): Number of classes. Defaults to 500.

    Returns:
        LabelledImages: Paths are file names.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If one is not valid.
    """
    index = _read_object(labels)
    if classes is not None and len(classes) != num_classes:
        raise ValueError(
            f'{num_classes} class names are needed, not {len(classes)}.'
        )
    entries, skipped = {}, []
    for number, name in enumerate(read_lines(image_list), 1):
        where = f'{str(image_list)!r}, line {number}'
        row = index.get(name)
        if row is None:
            raise ValueError(
                f'{where}: {str(labels)!r} has no labels of {name!r}.'
            )
        if not isinstance(row, list) or not all(
            type(label) is int and 0 <= label < num_classes for label in row
        ):
            raise ValueError(
                f'{str(labels)!r}: the labels of {name!r} must be indices '
                f'from 0 to {num_classes - 1}, got {str(row)[:80]}.'
            )
        if name in entries:
            skipped.append((f'{name}, line {number}', 'listed before'))
        entries[name] = {'img_path': name, 'gt_label': sorted(set(row))}
    notes = []
    if classes is None:
        classes = [f'class {i}' for i in range(num_classes)]
        notes.append('The names of the classes are not known; they are made.')
    public = num_classes == 500
    return LabelledImages(
        classes,
        list(entries.values()),
        protocol='vg500' if public else None,
        split=Path(image_list).stem.split('_')[0] if public else None,
        skipped=skipped,
        notes=notes,
    )


def convert_vg256(
    images: str | Path, labels: str | Path, classes: str | Path
) -> LabelledImages:
    """Read what the ``format_vg256.py`` of MLC-PAT makes.

    Args:
        images (str | Path): ``formatted_train_images.npy`` or
            ``formatted_val_images.npy``: N paths.
        labels (str | Path): ``formatted_{split}_labels.npy``, (N, C), 0 or 1.
        classes (str | Path): ``vg256.json``, an object with the C names, in
            order.

    Returns:
        LabelledImages: Paths as in the file, such as ``'VG_100K/1.jpg'``.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If one is not valid, or they do not fit.
    """
    names = tuple(_read_object(classes))
    paths, matrix = _read_array(images), _read_array(labels)
    if paths.ndim != 1 or paths.dtype.kind != 'U':
        raise ValueError(f'{str(images)!r} is not a list of paths.')
    if matrix.shape != (len(paths), len(names)):
        raise ValueError(
            f'{str(labels)!r} has the shape {matrix.shape}; {len(paths)} '
            f'images and {len(names)} classes need {len(paths), len(names)}.'
        )
    rows = []
    for number, row in enumerate(matrix):
        if not np.isin(row, (0, 1)).all():
            raise ValueError(
                f'{str(labels)!r}, row {number}: labels must be 0 or 1.'
            )
        rows.append(np.flatnonzero(row).tolist())
    stem = Path(images).stem.split('_')
    return LabelledImages(
        names,
        [
            {'img_path': str(path), 'gt_label': row}
            for path, row in zip(paths, rows, strict=True)
        ],
        protocol='vg256' if len(names) == 256 else None,
        split=stem[1] if len(stem) > 1 and len(names) == 256 else None,
    )


def locate_vg_images(images: LabelledImages, folder: str | Path) -> None:
    """Put the subfolder before the paths, if images are in one of two.

    The official archives unpack to ``VG_100K`` and ``VG_100K_2``; the lists
    suppose a single folder. Images that are in neither keep their path.

    Args:
        images (LabelledImages): Changed in place.
        folder (str | Path): What holds the images, or these two folders.
    """
    folder = Path(folder).expanduser()
    place = {}
    for inner in FOLDERS[::-1]:
        if (folder / inner).is_dir():
            names = (path.name for path in (folder / inner).iterdir())
            place.update((name, f'{inner}/{name}') for name in names)
    for entry in images.data_list:
        name = Path(entry['img_path']).name
        entry['img_path'] = place.get(name, entry['img_path'])


def _read_object(path: str | Path) -> dict:
    try:
        content = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise ValueError(f'{str(path)!r} is not JSON: {error}') from error
    if not isinstance(content, dict):
        raise ValueError(f'{str(path)!r} must be a JSON object.')
    return content


def _read_array(path: str | Path) -> np.ndarray:
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'There is no file {str(path)!r}.')
    try:
        return np.lib.format.open_memmap(path, mode='r')
    except ValueError as error:
        raise ValueError(f'{str(path)!r} is no .npy file: {error}') from error
