"""Boxes in the text files of YOLO."""

from collections.abc import Sequence
from pathlib import Path

import yaml
from torchvision.datasets.folder import IMG_EXTENSIONS

from mmsrdl.datasets.image_files import walk_files
from mmsrdl.datasets.text_files import read_lines, read_text
from mmsrdl.structures.class_names import check_class_names

from .labelled_images import LabelledImages
from .progress import progress


def convert_yolo(
    root: str | Path,
    split: str | None = None,
    classes: Sequence[str] | None = None,
) -> LabelledImages:
    """Take the classes of an image's boxes for its labels.

    The boxes of ``images/train/a.jpg`` are in ``labels/train/a.txt``, a line
    each, with the index of the class first; or in ``train/images`` and
    ``train/labels``. An image without such a file, or with an empty one,
    shows no class.

    Args:
        root (str | Path): The folder of these.
        split (str, optional): Such as ``'train'``. By default there are just
            ``images`` and ``labels``.
        classes (Sequence[str], optional): Class names in the order of the
            indices. By default those of ``data.yaml`` or ``classes.txt`` in
            ``root``, or ``labels/classes.txt``.

    Returns:
        LabelledImages: Paths are relative to ``images`` in ``root``, or in
        the other layout to ``root``. Label files without an image are
        skipped.

    Raises:
        FileNotFoundError: If a folder or the class names are missing.
        ValueError: If a label file is not valid; the message has the line.
    """
    root = Path(root).expanduser()
    image_dir, label_dir = _find_folders(root, split)
    base = root / 'images'
    if not image_dir.is_relative_to(base):
        base = root
    if classes is None:
        classes = _read_classes(root)
    entries, used = [], {label_dir / 'classes.txt'}
    names = [
        path.relative_to(image_dir)
        for path in walk_files(image_dir)
        if path.name.lower().endswith(IMG_EXTENSIONS)
    ]
    for name in progress(names, 'Labels'):
        label_file = label_dir / name.with_suffix('.txt')
        used.add(label_file)
        labels = set()
        if label_file.is_file():
            labels = _read_labels(label_file, len(classes))
        path = (image_dir / name).relative_to(base).as_posix()
        entries.append({'img_path': path, 'gt_label': sorted(labels)})
    if not entries:
        raise ValueError(f'There is no image in {str(image_dir)!r}.')
    return LabelledImages(
        classes,
        entries,
        skipped=[
            (str(path), 'labels without an image')
            for path in walk_files(label_dir)
            if path.suffix == '.txt' and path not in used
        ],
        notes=[f'Paths are relative to {str(base)!r}.'],
    )


def _find_folders(root: Path, split: str | None) -> tuple[Path, Path]:
    """The folders of images and of labels, in one of the two layouts."""
    options = [(root / 'images', root / 'labels')]
    if split is not None:
        options = [
            (root / 'images' / split, root / 'labels' / split),
            (root / split / 'images', root / split / 'labels'),
        ]
    for images, labels in options:
        if images.is_dir() and labels.is_dir():
            return images, labels
    raise FileNotFoundError(
        'There are no folders '
        + ', nor '.join(f'{str(i)!r} and {str(k)!r}' for i, k in options)
        + '.'
    )


def _read_classes(root: Path) -> tuple[str, ...]:
    for path in (
        root / 'data.yaml',
        root / 'data.yml',
        root / 'classes.txt',
        root / 'labels' / 'classes.txt',
    ):
        if path.is_file():
            break
    else:
        raise FileNotFoundError(
            f'There is neither data.yaml nor classes.txt in {str(root)!r}: '
            'give the class names.'
        )
    if path.suffix == '.txt':
        return check_class_names(read_lines(path), str(path))
    try:
        names = yaml.safe_load(read_text(path))['names']
        if isinstance(names, dict):  # index: name
            names = [names[index] for index in range(len(names))]
        return check_class_names(names, str(path))
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise ValueError(
            f'{str(path)!r} must have `names`, a list or an object from 0 to '
            f'the number of classes: {type(error).__name__} {error}'
        ) from error


def _read_labels(path: Path, num_classes: int) -> set[int]:
    labels = set()
    for number, line in enumerate(read_lines(path), 1):
        fields = line.split()
        if not fields:
            continue
        where = f'{str(path)!r}, line {number}'
        if not fields[0].isdecimal() or not _is_box(fields[1:]):
            raise ValueError(
                f'{where}: expected the index of a class and a box, got '
                f'{line[:80]!r}.'
            )
        label = int(fields[0])
        if label >= num_classes:
            raise ValueError(
                f'{where}: class {label}, but there are names of '
                f'{num_classes} classes, from 0.'
            )
        labels.add(label)
    return labels


def _is_box(fields: Sequence[str]) -> bool:
    """Whether these are the numbers of a box, or more, as of a polygon."""
    try:
        return len(list(map(float, fields))) >= 4
    except ValueError:
        return False
