"""Scores and labels of a data set, from the dump of tools/test.py."""

import hashlib
import json
import os
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmsrdl.checkpoint.plain_pickles import load_plain_pickle
from mmsrdl.datasets.label_sets import read_classes
from mmsrdl.evaluation.functional import (
    ABSENT_POLICIES,
    AP_FORMS,
    DIFFICULT_POLICIES,
    resolve_difficult,
)
from mmsrdl.evaluation.metrics.dump_predictions import MARK
from mmsrdl.evaluation.metrics.sample_tensors import stack_samples

_MAKE_ONE = (
    'Make one by `python tools/test.py CONFIG CHECKPOINT --out DUMP.pkl`.'
)
_METRIC = dict(
    thr=0.5, ap='area', difficult=dict(ap='ignore', f1='ignore'), absent='skip'
)


@dataclass(frozen=True, eq=False)
class PredictionDump:
    """What a model says of N images, and what they show.

    Args:
        classes (tuple[str, ...]): C class names.
        scores (Tensor): ``(N, C)`` float32, in [0, 1].
        targets (Tensor): ``(N, C)`` int8 in {-1, 0, 1,
            :data:`~mmsrdl.evaluation.functional.DIFFICULT`}.
        paths (tuple[str, ...]): N paths of images, as the test had them; ''
            where it is unknown.
        record (Mapping): What was tested, see
            :func:`~mmsrdl.analysis.describe_test`. Empty if unknown.
        name (str): What to call it.
    """

    classes: tuple[str, ...]
    scores: Tensor
    targets: Tensor
    paths: tuple[str, ...]
    record: Mapping[str, Any] = field(default_factory=dict)
    name: str = 'predictions'

    @classmethod
    def load(
        cls,
        path: str | os.PathLike,
        classes: str | Sequence[str] | None = None,
    ) -> 'PredictionDump':
        """Read a dump, of ``tools/test.py`` or of MMEngine's DumpResults.

        Nothing in the file can run: its pickle may hold plain values, numpy
        arrays and tensors only.

        Args:
            path (str | PathLike): The ``.pkl`` file.
            classes (str | Sequence[str], optional): Class names, a file of
                them or the name of a label set. Needed if the file has no
                record, and wins over it.

        Returns:
            PredictionDump: Its content.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is no dump of multi-label predictions with
                their labels, or the class names are unknown or do not fit.
        """
        path = Path(path).expanduser()
        if not path.is_file():
            raise FileNotFoundError(f'There is no dump {path}. {_MAKE_ONE}')
        samples, record = _read(path)
        if classes is None:
            classes = record.get('classes')
        if classes is None:
            raise ValueError(
                f'{path} does not tell the class names, as it is not of '
                'tools/test.py: give --classes, a file with one a line, or '
                'the name of a label set, such as voc.'
            )
        try:
            classes = read_classes(classes)
            _check_samples(path, samples, classes)
            scores, targets = stack_samples(samples, len(classes))
        except (RuntimeError, TypeError) as error:
            raise ValueError(
                f'{path} holds values of a wrong kind: {error}. {_MAKE_ONE}'
            ) from None
        _check_scores(path, scores)
        paths = [str(sample.get('img_path') or '') for sample in samples]
        return cls(classes, scores, targets, tuple(paths), record, path.name)

    @property
    def metric(self) -> dict[str, Any]:
        """How labels are counted: ``thr, ap, difficult, absent``."""
        return {**_METRIC, **self.record.get('metric', {})}

    @property
    def thr(self) -> float:
        """Least score of a predicted label in the test."""
        return self.metric['thr']

    @property
    def known_targets(self) -> Tensor:
        """``(N, C)`` int8 in {-1, 0, 1}, difficult labels as for F1."""
        return self._resolve('f1')

    @property
    def ap_targets(self) -> Tensor:
        """``(N, C)`` int8 in {-1, 0, 1}, difficult labels as for AP."""
        return self._resolve('ap')

    @property
    def images_sha256(self) -> str:
        """Sum of the sorted names of the images: the same for the same data.

        Folders do not count, as they differ between machines.
        """
        names = sorted(Path(path).name for path in self.paths)
        return hashlib.sha256('\n'.join(names).encode()).hexdigest()

    @property
    def dataset(self) -> str:
        """What was tested, in words; '' if it is unknown."""
        dataset = self.record.get('dataset', {})
        return ', '.join(f'{key} {dataset[key]}' for key in dataset)

    def _resolve(self, use: str) -> Tensor:
        return resolve_difficult(self.targets, self.metric['difficult'][use])


def _read(path: Path) -> tuple[list[dict], dict[str, Any]]:
    """The samples, and the record, empty if there is none."""
    stream = BytesIO(path.read_bytes())
    try:
        samples = load_plain_pickle(stream)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f'Refused to load {path}: it asks for {error}. A dump holds '
            'plain values and tensors, in a pickle of protocol 2; anything '
            f'else may run a program. {_MAKE_ONE}'
        ) from None
    except ValueError as error:
        raise ValueError(f'{path} is no dump: {error}. {_MAKE_ONE}') from None
    if not isinstance(samples, list) or not all(
        isinstance(sample, dict) for sample in samples
    ):
        raise ValueError(
            f'{path} is no dump, which is a list with a dict for each image. '
            f'{_MAKE_ONE}'
        )
    if not samples:
        raise ValueError(f'{path} is empty: it holds no image.')
    rest = stream.read().strip()
    try:
        record = json.loads(rest) if rest else {}
        _check_record(record)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'The record at the end of {path} is damaged: '
            f'{type(error).__name__}: {error}'
        ) from None
    return samples, record


def _check_record(record: dict[str, Any]) -> None:
    """Make sure that what is computed with is of the right kind."""
    if record and record[MARK] != 1:
        raise ValueError(f'version {record[MARK]!r} is not known')
    metric = {**_METRIC, **record.get('metric', {})}
    words = metric['difficult']
    for key in ('dataset', 'versions'):
        if not isinstance(record.get(key, {}), dict):
            raise ValueError(f'{key} {record[key]!r}')
    if (
        not 0 <= metric['thr'] <= 1
        or metric['ap'] not in AP_FORMS
        or metric['absent'] not in ABSENT_POLICIES
        or {words['ap'], words['f1']} - {*DIFFICULT_POLICIES}
    ):
        raise ValueError(f'metric {metric}')


def _check_samples(
    path: Path, samples: list[dict], classes: Sequence[str]
) -> None:
    """Tell by the first image what holds for all of a wrong file."""
    first = samples[0]
    if 'pred_score' not in first:
        raise ValueError(
            f'{path} holds no pred_score of labels, but {sorted(first)}: it '
            f'is of another task. {_MAKE_ONE}'
        )
    count = torch.as_tensor(first['pred_score']).numel()
    if count != len(classes):
        raise ValueError(
            f'{path} has scores of {count} classes, but there are '
            f'{len(classes)} class names. Give the names of the classes that '
            'the model was trained with, in their order, by --classes.'
        )


def _check_scores(path: Path, scores: Tensor) -> None:
    if (scores < 0).any() or (scores > 1).any():
        raise ValueError(
            f'{path} has scores from {scores.min():g} to {scores.max():g}, '
            'where those of labels are in [0, 1]: are they logits?'
        )
    if (scores.sum(1) - 1).abs().max() < 1e-3:
        raise ValueError(
            f'{path} is of a single-label model: the scores of each image '
            "sum to 1. MMPretrain's analysis tools are for those."
        )
