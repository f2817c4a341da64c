"""Count which labels occur together in a data set, and say which it was."""

from collections import Counter
from collections.abc import Iterator

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
    source = ', '.join(find_sources(dataset))
    if any(getattr(part, 'test_mode', False) for part in _unwrap(dataset)):
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
    labels = (dataset.get_data_info(i)['gt_label'] for i in images)
    return LabelCooccurrence.count(labels, dataset.metainfo['classes'], source)


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
