"""PASCAL VOC 2007 and 2012."""

import os.path as osp
from collections import Counter
from pathlib import Path

from mmpretrain.datasets import VOC
from mmpretrain.registry import DATASETS

from mmsrdl.structures.class_names import describe_unknown

from .checked_dataset import CheckedDataset, shorten, warn
from .compact_dataset import check_difficult
from .image_boxes import ImageBoxes
from .label_sets import VOC_CLASSES
from .text_files import read_lines
from .voc_xml import iterate_objects, load_voc_boxes, read_voc_xml

SPLITS = ('train', 'val', 'trainval', 'test', '')
"""Public splits, and none for a list of images of one's own."""


@DATASETS.register_module()
class VOCMultiLabel(CheckedDataset, VOC):
    """PASCAL VOC, or own data in its layout, for multi-label recognition.

    Each entry holds ``gt_label``, the classes of which the image shows an
    object that is not difficult, and ``gt_label_difficult``, the classes of
    which *all* its objects are difficult; both sorted. The XML need not have
    a ``difficult`` entry.

    Without ``ann_path`` in ``data_prefix`` nothing but the images is read,
    for splits whose labels are not public.

    Args:
        data_root (str): The folder that holds ``JPEGImages``,
            ``Annotations`` and ``ImageSets`` itself.
        split (str): ``'train'``, ``'val'``, ``'trainval'`` or ``'test'``:
            the list of images ``ImageSets/Main/{split}.txt``; or ``''`` for
            another list, given by ``image_set_path``. Defaults to
            ``'trainval'``.
        year (str): ``'2007'`` or ``'2012'``, for the published number of
            images. Defaults to ``'2007'``.
        difficult (str): What classes that occur only as difficult are in
            *training* (``test_mode=False``), where a metric cannot decide:
            ``'negative'``; ``'positive'``: in ``gt_label`` too; or
            ``'ignore'``: unknown, by a ``gt_score`` of shape (C,) with -1
            for them. Defaults to ``'negative'``.
        **kwargs: Other arguments of MMPretrain's ``VOC``; ``classes`` as in
            :class:`CheckedDataset`, objects of other classes are ignored.

    Raises:
        TypeError: If ``ann_file`` is given.
        ValueError: If ``split``, ``year`` or ``difficult`` is none of these;
            if the list or an annotation is not valid, or has a name that is
            not one of the 20 classes and no ``classes`` were given.
        FileNotFoundError: If the split, annotations or images are missing.
    """

    METAINFO = {'classes': VOC_CLASSES, 'has_difficult': True}

    def __init__(
        self,
        data_root: str,
        split: str = 'trainval',
        year: str = '2007',
        difficult: str = 'negative',
        **kwargs,
    ) -> None:
        for name, value, choices in (
            ('split', split, SPLITS),
            ('year', str(year), ('2007', '2012')),
        ):
            if value not in choices:
                raise ValueError(
                    f'{name} must be one of {choices}, got {value!r}.'
                )
        if not split and not kwargs.get('image_set_path'):
            raise ValueError(
                "split='' needs image_set_path, the file that lists the "
                'images, relative to data_root.'
            )
        if 'ann_file' in kwargs:
            raise TypeError(
                f'{type(self).__name__} has no ann_file '
                f'({kwargs["ann_file"]!r}): `split`, or `image_set_path` with '
                "split='', gives the list of images, and `ann_path` in "
                '`data_prefix` the folder of the annotations.'
            )
        self.year = str(year)
        self.difficult = check_difficult(difficult)
        super().__init__(osp.expanduser(data_root), split, **kwargs)

    @property
    def split_name(self) -> str:
        """Such as ``'trainval'``."""
        return Path(self.image_set_path).stem

    def load_data_list(self) -> list[dict]:
        """Read the split and its annotations."""
        image_ids = self._read_split()
        public = self.CLASSES == VOC_CLASSES and self.split_name in SPLITS
        if public and not self.protocol:
            self.protocol = f'voc{self.year[2:]}'
        entries = [{'img_path': f'{image_id}.jpg'} for image_id in image_ids]
        if self.ann_prefix is not None:
            labels = self._read_labels(image_ids)
            for entry, (sure, hard) in zip(entries, labels, strict=True):
                if self.difficult == 'positive' and not self.test_mode:
                    sure = sure | hard
                entry['gt_label'] = sorted(sure)
                entry['gt_label_difficult'] = sorted(hard)
        return entries

    def _read_split(self) -> list[str]:
        """Take the first column of the split file."""
        path = Path(self.image_set_path)
        if not path.is_file():
            inner = [
                str(folder)
                for folder in (
                    Path(self.data_root, f'VOC{self.year}'),
                    Path(self.data_root, 'VOCdevkit', f'VOC{self.year}'),
                )
                if folder.is_dir()
            ]
            hint = f' Did you mean {inner[0]!r}?' if inner else ''
            raise FileNotFoundError(
                f'There is no split file {str(path)!r}. `data_root` must be '
                'the folder that holds JPEGImages, Annotations and ImageSets '
                f'itself.{hint}'
            )
        image_ids = [line.split()[0] for line in read_lines(path) if line]
        if len(set(image_ids)) != len(image_ids):
            twice = sorted(i for i, n in Counter(image_ids).items() if n > 1)
            raise ValueError(
                f'{str(path)!r} lists images twice: {shorten(twice)}.'
            )
        return image_ids

    def _read_labels(
        self, image_ids: list[str]
    ) -> list[tuple[set[int], set[int]]]:
        """Read sure and difficult-only classes of each image."""
        index = self.class_to_idx
        labels, missing, unknown = [], [], {}
        for image_id in image_ids:
            path = osp.join(self.ann_prefix, f'{image_id}.xml')
            sure, hard = set(), set()
            try:
                for name, difficult, _ in iterate_objects(
                    read_voc_xml(path), path
                ):
                    if name in index:
                        (hard if difficult else sure).add(index[name])
                    else:
                        unknown.setdefault(name, path)
            except FileNotFoundError:
                missing.append(image_id)
            labels.append((sure, hard - sure))
        if missing:
            raise FileNotFoundError(
                f'{len(missing)} of {len(image_ids)} annotations are missing '
                f'in {self.ann_prefix!r}: {shorten(missing)}. For a split '
                "without labels give data_prefix=dict(img_path='JPEGImages')."
            )
        if unknown:
            self._report_unknown(unknown)
        return labels

    def get_boxes(self, idx: int) -> ImageBoxes:
        """Read the boxes of an image.

        Args:
            idx (int): Index of the image.

        Returns:
            ImageBoxes: Its objects, without those of other classes.

        Raises:
            ValueError: If the data set has no annotations, or these no boxes.
        """
        self.full_init()
        if self.ann_prefix is None:
            raise ValueError('Without `ann_path` there are no boxes.')
        name = Path(self.data_list[idx]['img_path']).stem
        return load_voc_boxes(
            osp.join(self.ann_prefix, f'{name}.xml'), self.CLASSES
        )

    def _report_unknown(self, unknown: dict[str, str]) -> None:
        """Refuse names by default, ignore them if classes were chosen."""
        names = describe_unknown(sorted(unknown), self.CLASSES)
        if not self._classes_given:
            raise ValueError(
                f'The annotations have objects that are not VOC classes: '
                f'{names}, first in {next(iter(unknown.values()))!r}. For '
                'own data give `classes`.'
            )
        warn(
            f'{type(self).__name__} ignores objects of other classes: {names}.'
        )
