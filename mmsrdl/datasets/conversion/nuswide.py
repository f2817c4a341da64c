"""NUS-WIDE, 81 concepts."""

from pathlib import Path

import numpy as np

from mmsrdl.datasets.label_sets import NUSWIDE_CLASSES
from mmsrdl.datasets.text_files import read_lines

from .labelled_images import LabelledImages
from .progress import progress

SPLITS = {'train': 'Train', 'test': 'Test'}
"""Official split, and how the names of its files have it."""

FAULTS = {('Labels_lake_Train.txt', 78372): '-1130179'}
"""Lines of the official files that are neither 0 nor 1."""


def convert_nuswide(
    root: str | Path, split: str, filter_empty: bool = True
) -> LabelledImages:
    """Read the official lists.

    ``ImageList/TrainImagelist.txt`` has one image a line, and line i of
    ``Groundtruth/TrainTestLabels/Labels_sky_Train.txt`` says 1 if image i
    shows the sky.

    Args:
        root (str | Path): The folder that holds ``ImageList`` and
            ``Groundtruth``.
        split (str): ``'train'`` or ``'test'``.
        filter_empty (bool): Whether to leave out images without a concept.
            Defaults to True.

    Returns:
        LabelledImages: Paths are relative to ``Flickr``.

    Raises:
        FileNotFoundError: If a list is missing.
        ValueError: If a list is not valid, or the lists do not fit.
    """
    if split not in SPLITS:
        raise ValueError(
            f'split must be one of {list(SPLITS)}, not {split!r}.'
        )
    root = Path(root).expanduser()
    name = SPLITS[split]
    list_file = root / 'ImageList' / f'{name}Imagelist.txt'
    paths = [line.replace('\\', '/') for line in read_lines(list_file)]
    if '' in paths:
        raise ValueError(
            f'{str(list_file)!r}, line {paths.index("") + 1}: there is no '
            'image.'
        )
    skipped = []
    labels = [[] for _ in paths]
    for index, concept in enumerate(progress(NUSWIDE_CLASSES, 'Labels')):
        path = (
            root
            / 'Groundtruth/TrainTestLabels'
            / f'Labels_{concept}_{name}.txt'
        )
        for image in np.flatnonzero(_read_flags(path, paths, skipped)):
            labels[image].append(index)
    images = LabelledImages(
        NUSWIDE_CLASSES,
        [
            {'img_path': path, 'gt_label': row}
            for path, row in zip(paths, labels, strict=True)
        ],
        protocol='nuswide' if filter_empty else 'nuswide-all',
        split=split,
        skipped=skipped,
    )
    if filter_empty:
        images.drop_unlabelled()
    return images


def _read_flags(
    path: Path, images: list[str], skipped: list[tuple[str, str]]
) -> np.ndarray:
    """Read a label file; its flags, (number of images,), bool."""
    lines = np.array(read_lines(path))
    if len(lines) != len(images):
        raise ValueError(
            f'{str(path)!r} has {len(lines):,} lines for {len(images):,} '
            'images.'
        )
    for position in np.flatnonzero((lines != '0') & (lines != '1')):
        found, number = str(lines[position]), int(position) + 1
        if FAULTS.get((path.name, number)) != found:
            raise ValueError(
                f'{str(path)!r}, line {number}: expected 0 or 1, got '
                f'{found!r}.'
            )
        skipped.append(
            (
                f'{path.name}, line {number} ({images[position]})',
                f'label {found}, a known fault of the official file, is '
                'taken for 0',
            )
        )
    return lines == '1'
