"""Own data in MMPretrain's annotation format."""

import os.path as osp
from typing import Any

import numpy as np
from mmpretrain.registry import DATASETS

from .checked_dataset import CheckedDataset, shorten


@DATASETS.register_module()
class MultiLabelJson(CheckedDataset):
    """MMPretrain's ``MultiLabelDataset`` with checks and cheap storage.

    The annotation file is read as upstream's, with two more keys::

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
    soft targets in [0, 1], or -1 for unknown, one for each class. These and
    the path are all that is kept of an entry: labels as sorted lists, scores
    as float32.

    An entry has ``gt_label``, ``gt_score`` or both. Labels that are not
    given are the classes with a score of at least 0.5; where both are, a
    label must not have the score 0, nor a class that is no label the score 1
    unless it is difficult. If one image has scores, those of the others are
    made from their labels. In testing, a file without any labels is read
    too, for prediction.

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
        self._check_labelled(entries)
        if any('gt_score' in entry for entry in entries):
            # A batch needs the same kind of target for all its images.
            for entry in entries:
                entry.setdefault('gt_score', self._hard_scores(entry))
        return entries

    def _check_labelled(self, entries: list[dict]) -> None:
        """Refuse entries without labels, except a test set of only such."""
        bare = [
            i for i, entry in enumerate(entries) if 'gt_label' not in entry
        ]
        if bare and not (self.test_mode and len(bare) == len(entries)):
            raise ValueError(
                f'{self.ann_file!r}: {len(bare)} of {len(entries)} entries of '
                'data_list have neither gt_label nor gt_score, first entry '
                f'{bare[0]} ({entries[bare[0]]["img_path"]!r}). Only with '
                'test_mode=True may they be missing, and then from all '
                'entries; an image that shows no class has gt_label [].'
            )

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
        info = {'img_path': osp.join(self.img_prefix, path)}
        sure = hard = set()
        if 'gt_label_difficult' in raw_data_info:
            hard = self._parse_labels(raw_data_info, 'gt_label_difficult')
        if 'gt_score' in raw_data_info:
            scores = self._parse_scores(raw_data_info['gt_score'])
            info['gt_score'] = scores
            sure = set(np.flatnonzero(scores >= 0.5).tolist()) - hard
            info['gt_label'] = sorted(sure)
        if 'gt_label' in raw_data_info:
            sure = self._parse_labels(raw_data_info, 'gt_label')
            if 'gt_score' in info:
                self._check_agreement(info['gt_score'], sure, hard)
            info['gt_label'] = sorted(sure)
        if 'gt_label_difficult' in raw_data_info:
            info['gt_label_difficult'] = sorted(hard - sure)
        return info

    def _check_agreement(
        self, scores: np.ndarray, sure: set[int], hard: set[int]
    ) -> None:
        """Refuse labels that the scores of the same entry contradict."""
        wrong = [i for i in sorted(sure) if scores[i] == 0]
        wrong += [
            i
            for i in np.flatnonzero(scores == 1).tolist()
            if i not in sure | hard
        ]
        if wrong:
            raise ValueError(
                'gt_label and gt_score contradict each other about '
                f'{shorten([self.CLASSES[i] for i in wrong])}: a label must '
                'not have score 0, nor a class that is no label score 1.'
            )

    def _parse_labels(self, raw: dict, key: str) -> set[int]:
        labels = raw[key]
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
