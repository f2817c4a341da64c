"""Count the labels of a data set, and say which it was."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from mmengine.dataset import BaseDataset
from rich.console import Console
from rich.progress import track

from mmsrdl.structures import LabelCooccurrence


def count_cooccurrence(dataset: BaseDataset) -> LabelCooccurrence:
    """Count the labels of a training data set, as its entries have them.

    A wrapper that repeats images repeats their labels. On a terminal a bar
    tells how far it is.

    Args:
        dataset (BaseDataset): Entries have ``gt_label``; maybe in wrappers.

    Returns:
        LabelCooccurrence: The counts; the source is that of
        :func:`find_sources`.

    Raises:
        ValueError: If it is for testing, is empty, or names no class of a
            label.
    """
    labels = (info['gt_label'] for info in _entries_of(dataset))
    source = ', '.join(find_sources(dataset))
    return LabelCooccurrence.count(labels, dataset.metainfo['classes'], source)


def count_positives(dataset: BaseDataset) -> np.ndarray:
    """Share of images that show each class, of those where it is known.

    A wrapper that repeats images repeats their labels.

    Args:
        dataset (BaseDataset): Entries have ``gt_score`` (C,), -1 where
            unknown, or ``gt_label``; maybe in wrappers.

    Returns:
        np.ndarray: In [0, 1], 0 for a class that is nowhere known, (C,).

    Raises:
        ValueError: If it is for testing.
    """
    num_classes = len(dataset.metainfo['classes'])
    positives, known = np.zeros((2, num_classes))
    for info in _entries_of(dataset):
        if 'gt_score' in info:
            score = np.asarray(info['gt_score'])
        else:
            score = np.zeros(num_classes)
            score[info['gt_label']] = 1
        positives += score.clip(min=0)
        known += score >= 0
    return positives / known.clip(min=1)


def _entries_of(dataset: BaseDataset) -> Iterator[dict]:
    """Yield the entries of a training data set, and show how far it is."""
    if any(getattr(part, 'test_mode', False) for part in _unwrap(dataset)):
        source = ', '.join(find_sources(dataset))
        raise ValueError(
            f'The labels of {source} are not to be counted: the data set has '
            'test_mode=True, and a model must not know how often labels '
            'occur in what it is tested on. Give the training data set.'
        )
    console = Console(stderr=True)
    images = track(
        range(len(dataset)),
        'Counting labels',
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    yield from map(dataset.get_data_info, images)


def find_sources(dataset: BaseDataset) -> dict[str, int]:
    """Tell where the images of a data set are listed, and how many they are.

    Args:
        dataset (BaseDataset): Maybe in wrappers, whose repetitions do not
            count.

    Returns:
        dict[str, int]: File of annotations, or list or folder of images, to
        the number of images.
    """
    sources = Counter()
    for part in _unwrap(dataset):
        if not _parts_of(part):
            names = ('ann_file', 'image_set_path', 'img_prefix', 'data_root')
            paths = (getattr(part, name, None) for name in names)
            path = next(filter(None, paths), type(part).__name__)
            sources[str(path)] += len(part)
    return dict(sources)


def _unwrap(dataset: BaseDataset) -> Iterator[BaseDataset]:
    """Yield a data set and all that it wraps."""
    yield dataset
    for part in _parts_of(dataset):
        yield from _unwrap(part)


def _parts_of(dataset: BaseDataset) -> list[BaseDataset]:
    if hasattr(dataset, 'datasets'):
        return list(dataset.datasets)
    return [dataset.dataset] if hasattr(dataset, 'dataset') else []
