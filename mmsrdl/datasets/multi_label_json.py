"""Own data in MMPretrain's annotation format."""

import os.path as osp
from typing import Any

import numpy as np
from mmpretrain.registry import DATASETS

from .checked_dataset import CheckedDataset


@DATASETS.register_module()
class MultiLabelJson(CheckedDataset):
    """MMPretrain's ``MultiLabelDataset`` with checks and cheap storage.

    The annotation file is read as upstream's, with two optional keys::

        {
          "metainfo": {"classes": ["cat", "dog", "person"]},
          "data_list": [
            {
              "img_path": "a.jpg",
              "gt_label": [0, 2],
              "gt_label_difficult": [1],
              "gt_score": [1, -1, 1]
            }
          ]
        }

    ``gt_label`` are indices into ``metainfo.classes``;
    ``gt_label_difficult`` those that occur only as difficult; ``gt_score``
    soft targets in [0, 1], or -1 for unknown, one for each class. If one
    image has scores, those of the others are made from their labels. These
    and the path are all that is kept of an entry: labels as sorted lists,
    scores as float32.

    Args:
        ann_file (str): The annotation file, relative to ``data_root``.
        **kwargs: As in MMPretrain's ``MultiLabelDataset``; ``classes`` may
            pick some of the file's classes, in any order.

    Raises:
        FileNotFoundError: If the annotation file or images are missing.
        ValueError: If the file or an entry of it is not valid, or it lacks
            one of ``classes``.
    """

    def load_data_list(self) -> list[dict]:
        """Read and check the annotation file."""
        content = self._load_json(metainfo=dict, data_list=list)
        names = content['metainfo'].pop('classes', None)
        if not isinstance(names, list):
            raise ValueError(
                f'{self.ann_file!r} must list the class names under '
                f'"metainfo", "classes"; found {names!r}.'
            )
        self._num_file_classes = len(names)
        self._index = self._match_classes(names)
        for key, value in content['metainfo'].items():
            self._metainfo.setdefault(key, value)
        entries = []
        for position, raw in enumerate(content['data_list']):
            try:
                entries.append(self.parse_data_info(raw))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(
                    f'{self.ann_file!r}, entry {position} of data_list '
                    f'({str(raw)[:80]}): {error}'
                ) from error
        if any('gt_score' in entry for entry in entries):
            # A batch needs the same kind of target for all its images.
            for entry in entries:
                entry.setdefault('gt_score', self._hard_scores(entry))
        return entries

    def _hard_scores(self, entry: dict) -> np.ndarray:
        scores = np.zeros(len(self.CLASSES), np.float32)
        scores[entry['gt_label']] = 1
        return scores

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """Check one entry and keep what is needed of it."""
        if not isinstance(raw_data_info, dict):
            raise TypeError('an entry must be an object.')
        path = raw_data_info.get('img_path')
        if not isinstance(path, str) or not path:
            raise ValueError(f'img_path must be a path, got {path!r}.')
        sure = self._parse_labels(raw_data_info, 'gt_label')
        info = {
            'img_path': osp.join(self.img_prefix, path),
            'gt_label': sorted(sure),
        }
        if 'gt_label_difficult' in raw_data_info:
            hard = self._parse_labels(raw_data_info, 'gt_label_difficult')
            info['gt_label_difficult'] = sorted(hard - sure)
        if 'gt_score' in raw_data_info:
            info['gt_score'] = self._parse_scores(raw_data_info['gt_score'])
        return info

    def _parse_labels(self, raw: dict, key: str) -> set[int]:
        labels = raw.get(key)
        total = self._num_file_classes
        if not isinstance(labels, list) or not all(
            type(label) is int and 0 <= label < total for label in labels
        ):
            raise ValueError(
                f'{key} must be a list of class indices from 0 to '
                f'{total - 1}, got {labels!r}.'
            )
        return {self._index[i] for i in labels if i in self._index}

    def _parse_scores(self, scores: Any) -> np.ndarray:
        scores = np.asarray(scores, np.float32)
        total = self._num_file_classes
        if scores.shape != (total,) or not np.all(
            (scores == -1) | ((scores >= 0) & (scores <= 1))
        ):
            raise ValueError(
                f'gt_score must be {total} numbers from 0 to 1, or -1 for '
                f'unknown, got {scores.tolist()}.'
            )
        ours = np.empty(len(self._index), np.float32)
        ours[list(self._index.values())] = scores[list(self._index)]
        return ours
