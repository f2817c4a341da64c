"""Entries in few arrays that worker processes share."""

import os.path as osp
from collections.abc import Sequence

import numpy as np
from mmpretrain.datasets import MultiLabelDataset

from .ragged_table import TEXT, RaggedTable

DIFFICULT = ('negative', 'positive', 'ignore')


def check_difficult(policy: str) -> str:
    """Return a policy for difficult labels if it is one.

    Raises:
        ValueError: If it is not.
    """
    if policy not in DIFFICULT:
        raise ValueError(
            f'difficult must be one of {DIFFICULT}, got {policy!r}.'
        )
    return policy


class CompactDataset(MultiLabelDataset):
    """A multi-label data set that is small in memory.

    Instead of MMEngine's pickled entries ``data_list`` is a
    :class:`~mmsrdl.datasets.ragged_table.RaggedTable`. Targets of all
    classes (``gt_score``) are made when an image is asked for, unless the
    annotations have them.

    Subclasses make the table by :meth:`_to_table` in ``filter_data()``.

    Args:
        serialize_data (bool): Ignored: entries are always kept compactly.
            Defaults to True.
    """

    difficult = 'negative'
    """What classes that occur only as difficult are in training, one of
    :data:`DIFFICULT`."""

    def __init__(self, *args, serialize_data: bool = True, **kwargs) -> None:
        super().__init__(*args, serialize_data=False, **kwargs)

    def load_data_list(self) -> Sequence[dict]:
        """Read the annotations, to be implemented.

        Returns:
            Sequence[dict]: Entries with ``img_path``, relative to the prefix
            of images; where known, ``gt_label``, class indices, and maybe
            ``gt_label_difficult``; ``gt_label_negative``, if all classes in
            none of these are unknown; or ``gt_score``, (C,).
        """
        raise NotImplementedError

    def _to_table(self, entries: Sequence[dict]) -> RaggedTable:
        if isinstance(entries, RaggedTable):
            return entries
        label = self._label_type
        return RaggedTable.from_rows(
            entries,
            {
                'img_path': TEXT,
                'gt_label': label,
                'gt_label_difficult': label,
                'gt_label_negative': label,
                'gt_score': np.float32,
            },
        )

    @property
    def _label_type(self) -> np.dtype:
        """The narrowest integer that holds all class indices."""
        return np.min_scalar_type(len(self.CLASSES) - 1)

    def _full_paths(self, paths: Sequence[str]) -> list[str]:
        """Put the prefix of images before what is no full path or URL."""
        prefix = osp.join(self.img_prefix, '')
        return [
            path if '://' in path or osp.isabs(path) else prefix + path
            for path in paths
        ]

    @property
    def data_bytes(self) -> np.ndarray:
        """What is kept of all entries, (bytes,) uint8."""
        return self.data_list.block

    def _get_unserialized_subset(
        self, indices: int | Sequence[int]
    ) -> RaggedTable:
        if isinstance(indices, int):
            indices = slice(indices) if indices >= 0 else slice(indices, None)
        return self.data_list[indices]

    def get_data_info(self, idx: int) -> dict:
        """Get an entry, with ``gt_score`` if any image's need one.

        Args:
            idx (int): Index of the image.

        Returns:
            dict: ``img_path`` and ``sample_idx``; where known ``gt_label``
            and ``gt_label_difficult``, sorted lists; and ``gt_score`` (C,)
            float32 in [0, 1], -1 where unknown, if an entry of the data set
            has scores or unknown classes, or difficult ones are ignored.
        """
        self.full_init()
        info = self.data_list[idx]
        info['sample_idx'] = idx % len(self)
        info['img_path'] = self._full_paths([info['img_path']])[0]
        negative = info.pop('gt_label_negative', None)
        policy = {'ignore': -1, 'positive': 1}.get(self.difficult)
        if self.test_mode:
            policy = None
        # A batch needs the same kind of target for all its images.
        if 'gt_label' in info and (
            policy == -1
            or 'gt_score' in self.data_list
            or 'gt_label_negative' in self.data_list
        ):
            difficult = info.get('gt_label_difficult', [])
            if 'gt_score' not in info:
                rest = 0 if negative is None else -1
                score = np.full(len(self.CLASSES), rest, np.float32)
                score[difficult + (negative or [])] = 0
                score[info['gt_label']] = 1
                info['gt_score'] = score
            if policy is not None:
                info['gt_score'][difficult] = policy
        return info

    def get_cat_ids(self, idx: int) -> list[int]:
        """Get the sorted class indices of an image."""
        idx = range(len(self))[idx]
        return self.data_list.column('gt_label').row(idx)

    def get_gt_labels(self) -> list[np.ndarray]:
        """Get the labels of all images, which upstream takes for one each.

        Returns:
            list[np.ndarray]: Sorted class indices of each image, int64.
        """
        self.full_init()
        column = self.data_list.column('gt_label')
        bounds = column.offsets[1:-1].astype(np.int64)
        return np.split(column.values.astype(np.int64), bounds)
