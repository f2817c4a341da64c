"""PASCAL VOC 2007 and 2012, or own data in their layout."""

from collections.abc import Sequence
from pathlib import Path

from mmsrdl.datasets.voc_multi_label import VOCMultiLabel

from .labelled_images import LabelledImages


def convert_voc(
    data_root: str | Path,
    split: str = 'trainval',
    year: str = '2007',
    labels: bool = True,
    classes: Sequence[str] | None = None,
) -> LabelledImages:
    """Read a split, as :class:`VOCMultiLabel` does.

    Classes of which an image shows difficult objects alone are kept apart,
    in ``gt_label_difficult``, for data set and metric to decide about.

    Args:
        data_root (str | Path): The folder that holds ``JPEGImages`` itself.
        split (str): ``'train'``, ``'val'``, ``'trainval'`` or ``'test'``.
            Defaults to ``'trainval'``.
        year (str): ``'2007'`` or ``'2012'``. Defaults to ``'2007'``.
        labels (bool): Whether to read annotations. Those of the test split
            of 2012 are not public, and are never read. Defaults to True.
        classes (Sequence[str], optional): Classes of own data.

    Returns:
        LabelledImages: Paths are relative to ``JPEGImages``.

    Raises:
        FileNotFoundError: If the split or annotations are missing.
        ValueError: If one of them is not valid.
    """
    if not Path(data_root).expanduser().is_dir():
        raise FileNotFoundError(f'There is no folder {str(data_root)!r}.')
    public = labels and (str(year), split) != ('2012', 'test')
    if public:
        options = dict(split=split)
    else:  # upstream reads a list without annotations for tests alone
        options = dict(
            split='',
            image_set_path=f'ImageSets/Main/{split}.txt',
            data_prefix={'img_path': 'JPEGImages'},
            test_mode=True,
        )
    dataset = VOCMultiLabel(
        str(data_root),
        year=year,
        classes=classes,
        lazy_init=True,
        **options,
    )
    entries = dataset.load_data_list()
    images = LabelledImages(
        dataset.CLASSES,
        entries,
        protocol=dataset.protocol,
        split=split if dataset.protocol else None,
    )
    if labels and not public:
        images.notes.append(
            'The labels of the test split of VOC 2012 are not public: only '
            'its images are listed.'
        )
    return images
