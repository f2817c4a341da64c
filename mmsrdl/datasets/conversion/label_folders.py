"""A folder for each set of labels."""

from collections.abc import Sequence
from pathlib import Path

from torchvision.datasets.folder import IMG_EXTENSIONS

from mmsrdl.datasets.image_files import walk_files

from .class_lists import index_labels
from .labelled_images import LabelledImages
from .separators import choose_separator, split_labels


def convert_label_folders(
    root: str | Path,
    separator: str | None = None,
    empty: str | None = None,
    classes: Sequence[str] | None = None,
) -> LabelledImages:
    """Take the name of the folder that an image is in for its labels.

    The images in ``ROOT/boat,person`` and below show a boat and a person.

    Args:
        root (str | Path): The folder of these folders.
        separator (str, optional): What is between labels. By default ``,``,
            ``;`` or ``+``, if just one of these occurs.
        empty (str, optional): Name of the folder of images that show no
            class.
        classes (Sequence[str], optional): Class names. By default those that
            occur, sorted.

    Returns:
        LabelledImages: Paths are relative to ``root``. Files that are no
        images, and hidden ones and folders (``.name``), are skipped.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If it has no image in a folder, or a folder's name has a
            label that is not among ``classes``.
    """
    root = Path(root).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(f'There is no folder {str(root)!r}.')
    paths, skipped = [], []
    for file in walk_files(root):
        path = file.relative_to(root)
        if any(part.startswith('.') for part in path.parts):
            skipped.append((path.as_posix(), 'hidden'))
        elif not path.name.lower().endswith(IMG_EXTENSIONS):
            skipped.append((path.as_posix(), 'no image, by its name'))
        elif len(path.parts) == 1:
            skipped.append((path.as_posix(), 'in no folder of labels'))
        else:
            paths.append(path)
    if not paths:
        raise ValueError(
            f'There is no image in a folder of {str(root)!r}; '
            f'{len(skipped)} other files.'
        )
    folders = {path.parts[0] for path in paths} - {empty}
    separator = choose_separator(folders, ',;+', separator)
    labels = {name: split_labels(name, separator) for name in folders}
    labels[empty] = []
    classes, indices = index_labels(
        [
            (
                f'the folder {str(root / path.parts[0])!r}',
                labels[path.parts[0]],
            )
            for path in paths
        ],
        classes,
    )
    between = 'not divided' if separator is None else f'at {separator!r}'
    return LabelledImages(
        classes,
        [
            {'img_path': path.as_posix(), 'gt_label': row}
            for path, row in zip(paths, indices, strict=True)
        ],
        skipped=skipped,
        notes=[f'Labels of a folder: {between}.'],
    )
