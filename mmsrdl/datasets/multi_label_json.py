"""Own data in MMPretrain's annotation format."""

import numpy as np
from mmpretrain.registry import DATASETS

from .checked_dataset import CheckedDataset
from .compact_dataset import check_difficult
from .multi_label_entries import EntryParser
from .ragged_table import RaggedTable


@DATASETS.register_module()
class MultiLabelJson(CheckedDataset):
    """MMPretrain's ``MultiLabelDataset`` with checks and cheap storage.

    The annotation file is read as upstream's, with three more keys::

        {
          "metainfo": {"classes": ["cat", "dog", "person"]},
          "data_list": [
            {
              "img_path": "a.jpg",
              "gt_label": [0],
              "gt_label_difficult": [1],
              "gt_label_negative": []
            },
            {"img_path": "b.jpg", "gt_score": [0.9, -1, 0]}
          ]
        }

    - ``gt_label``: indices into ``metainfo.classes``.
    - ``gt_label_difficult``: those that occur only as difficult.
    - ``gt_label_negative``: those that are known to be absent. Where it is
      given, even as ``[]``, the classes in none of the lists are unknown:
      they count neither in the loss nor in the metric. Where it is not, they
      are absent. Lists keep data with few known labels small.
    - ``gt_score``: one number for each class, a soft target in [0, 1], or -1
      for unknown; not beside ``gt_label_negative``.

    These and the path are all that is kept of an entry: labels as sorted
    lists, scores as float32.

    An entry has ``gt_label``, ``gt_score`` or both. Labels that are not
    given are the classes with a score of at least 0.5; where both are, a
    label must not have the score 0, nor a class that is no label the score 1
    unless it is difficult. If one image has scores or unknown classes, the
    scores of the others are made from their labels when they are asked for.
    In testing, a file without any labels is read too, for prediction.

    Args:
        ann_file (str): The annotation file, relative to ``data_root``.
        difficult (str): What classes that occur only as difficult are in
            *training* (``test_mode=False``), where a metric cannot decide:
            ``'negative'``, or what ``gt_score`` says; ``'positive'``; or
            ``'ignore'``: unknown. Defaults to ``'negative'``.
        **kwargs: As in :class:`CheckedDataset` and MMPretrain's
            ``MultiLabelDataset``; ``classes`` may pick some of the file's
            classes, in any order.

    Raises:
        FileNotFoundError: If the annotation file or images are missing.
        ValueError: If the file or an entry of it is not valid, or it lacks
            one of ``classes``.
    """

    def __init__(
        self, ann_file: str, *args, difficult: str = 'negative', **kwargs
    ) -> None:
        self.difficult = check_difficult(difficult)
        super().__init__(ann_file, *args, **kwargs)

    def load_data_list(self) -> RaggedTable:
        """Read and check the annotation file."""
        content = self._load_json(metainfo=dict, data_list=list)
        names = content['metainfo'].pop('classes', None)
        if not isinstance(names, list):
            raise ValueError(
                f'{self.ann_file!r} must list the class names under '
                f'"metainfo", "classes"; found {names!r}.'
            )
        index = self._match_classes(names)
        for key, value in content['metainfo'].items():
            self._metainfo.setdefault(key, value)
        parse = EntryParser(
            self.CLASSES,
            len(names),
            index,
            'negative' if self.test_mode else self.difficult,
        )
        entries = content['data_list']
        try:
            table = parse(entries) if entries else []
        except ValueError as error:
            raise ValueError(f'{self.ann_file!r}, {error}') from error
        self._check_labelled(table)
        return table

    def _check_labelled(self, table: RaggedTable) -> None:
        """Refuse entries without labels, except a test set of only such."""
        total = len(table)
        if 'gt_label' in table:
            given = table.column('gt_label').given
            bare = np.flatnonzero(~given) if given.size else ()
        else:
            bare = range(total)
        if len(bare) and not (self.test_mode and len(bare) == total):
            raise ValueError(
                f'{self.ann_file!r}: {len(bare)} of {total} entries of '
                'data_list have neither gt_label nor gt_score, first entry '
                f'{bare[0]} ({table[bare[0]]["img_path"]!r}). Only with '
                'test_mode=True may they be missing, and then from all '
                'entries; an image that shows no class has gt_label [].'
            )
