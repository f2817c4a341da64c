"""Choice of labels by their scores."""

import json
import os
from collections.abc import Mapping, Sequence
from numbers import Real

import torch
from mmpretrain.models.heads import MultiLabelClsHead

from mmsrdl.datasets.text_files import read_text
from mmsrdl.structures.class_names import describe_unknown

Threshold = float | Mapping[str, float] | str | os.PathLike


def find_thresholds(
    thr: Threshold, classes: Sequence[str]
) -> float | torch.Tensor:
    """Find the least score of each class.

    Args:
        thr (float | Mapping[str, float] | str | PathLike): One for all; one
            for each class, by name; or the path of a JSON file with these
            under ``thresholds``.
        classes (Sequence[str]): Names of the C classes.

    Returns:
        float | Tensor: One for all, or (C,) float32.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a threshold is not a number in [0, 1], the file is not
            valid, or a class is missing or unknown.
    """
    if isinstance(thr, Real):
        return _check(thr, 'thr')
    where = 'thr'
    if isinstance(thr, str | os.PathLike):
        where = repr(os.fspath(thr))
        thr = _read(thr)
    if not isinstance(thr, Mapping):
        raise ValueError(
            'thr must be a number, a dict of class names and numbers, or '
            f'the path of a JSON file of them, got {thr!r}.'
        )
    unknown = [name for name in thr if name not in classes]
    missing = [name for name in classes if name not in thr]
    if unknown:
        raise ValueError(
            f'{where}: the model has no class '
            f'{describe_unknown(map(str, unknown), classes)}.'
        )
    if missing:
        raise ValueError(
            f'{where}: no threshold for {len(missing)} of {len(classes)} '
            f'classes: {", ".join(missing[:10])}.'
        )
    return torch.tensor([_check(thr[c], f'{where}: {c!r}') for c in classes])


def _check(value: float, where: str) -> float:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= 1:
        raise ValueError(f'{where} must be in [0, 1], got {value!r}.')
    return float(value)


def _read(path: str | os.PathLike) -> Mapping[str, float]:
    try:
        content = json.loads(read_text(path))
        if isinstance(content['thresholds'], Mapping):
            return content['thresholds']
    except (KeyError, TypeError, json.JSONDecodeError):
        pass
    raise ValueError(
        f'{os.fspath(path)!r} is not a file of thresholds: it must be JSON '
        'such as {"thresholds": {"dog": 0.41, "cat": 0.35}}, a number for '
        'each class.'
    )


def choose_labels(
    scores: torch.Tensor,
    thr: float | torch.Tensor | None,
    topk: int | None,
    head: MultiLabelClsHead,
) -> torch.Tensor:
    """Choose the labels of an image.

    Args:
        scores (Tensor): (C,), in [0, 1].
        thr (float | Tensor, optional): Least score, or that of each class
            (C,).
        topk (int, optional): Most labels.
        head (MultiLabelClsHead): Says what holds without ``thr`` and
            ``topk``.

    Returns:
        Tensor: Class indices (K,), best first, equal scores by index.

    Raises:
        ValueError: If a score is NaN.
    """
    if scores.isnan().any():
        raise ValueError(
            'The model gives NaN for scores: its weights are broken, or too '
            'large for half precision.'
        )
    if thr is None and topk is None:
        # As in MMPretrain's heads, where thr rules out topk.
        thr = head.thr
        topk = head.topk if thr is None else None
    ranked, labels = scores.sort(descending=True, stable=True)
    if isinstance(thr, torch.Tensor):
        thr = thr.to(scores)[labels]
    return labels[ranked >= (0 if thr is None else thr)][:topk]
