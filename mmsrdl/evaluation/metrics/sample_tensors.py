"""Scores and targets of a batch of samples as two checked tensors."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mmsrdl.evaluation.functional import DIFFICULT


def stack_samples(
    samples: Sequence[Mapping[str, Any]],
    num_classes: int = 0,
    needs_difficult: bool = False,
) -> tuple[Tensor, Tensor]:
    """Check and stack a batch.

    Args:
        samples (Sequence[Mapping]): See
            :class:`~mmsrdl.evaluation.MultiLabelRecognitionMetric`; at least
            one. They are not changed.
        num_classes (int): Number C of classes, 0 if the scores tell it.
            Defaults to 0.
        needs_difficult (bool): Whether every sample must tell its difficult
            labels. Defaults to False.

    Returns:
        tuple[Tensor, Tensor]: Scores ``(B, C)`` float32 and targets
        ``(B, C)`` int8 in {-1, 0, 1, :data:`DIFFICULT`}, on the CPU.

    Raises:
        ValueError: If a field is missing or its value does not fit.
    """
    scores = _stack(samples, 'pred_score', num_classes)
    nan_rows = scores.isnan().any(1).nonzero()
    if len(nan_rows):
        raise ValueError(
            f'A predicted score of {_name(samples, nan_rows[0])} is NaN: the '
            'model diverged, or overflowed in half precision.'
        )
    return scores, _targets(samples, scores.size(1), needs_difficult)


def _targets(
    samples: Sequence[Mapping[str, Any]],
    num_classes: int,
    needs_difficult: bool,
) -> Tensor:
    """Targets of a batch, ``(B, C)`` int8."""
    labelled = _one_hot(samples, 'gt_label', num_classes)
    targets = labelled.to(torch.int8)
    scored = [i for i, sample in enumerate(samples) if 'gt_score' in sample]
    if scored:
        gt_scores = _stack(
            [samples[i] for i in scored], 'gt_score', num_classes
        )
        targets[scored] = gt_scores.to(torch.int8)
        inexact = (targets[scored] != gt_scores) | (gt_scores.abs() > 1)
        if inexact.any():
            value = gt_scores[inexact][0].item()
            raise ValueError(
                f'A gt_score is {value:g}. Soft targets can be trained on but '
                'not measured against: in the evaluated data set write 1 '
                '(present), 0 (absent) or -1 (unknown).'
            )
    for index, sample in enumerate(samples):
        if 'gt_label' not in sample and 'gt_score' not in sample:
            raise ValueError(
                f'{_name(samples, index)} has neither gt_label nor gt_score: '
                'the data set has no labels to measure against.'
            )
        if needs_difficult and 'gt_label_difficult' not in sample:
            raise ValueError(
                'The data set marks difficult labels, but the samples do not '
                "carry them: add 'gt_label_difficult' to the meta_keys of "
                'PackInputs in the test pipeline, or measure with '
                "difficult='negative'."
            )
    difficult = _one_hot(samples, 'gt_label_difficult', num_classes)
    # A class with an ordinary object too is simply present; -1 stays unknown.
    targets[difficult & ~labelled & (targets >= 0)] = DIFFICULT
    return targets


def _one_hot(
    samples: Sequence[Mapping[str, Any]], field: str, num_classes: int
) -> Tensor:
    """Class indices of a field as ``(B, C)`` bool; missing is none."""
    labels = [
        torch.as_tensor(sample.get(field, ()), dtype=torch.long).flatten()
        for sample in samples
    ]
    rows = torch.arange(len(samples)).repeat_interleave(
        torch.tensor([len(label) for label in labels])
    )
    # One transfer per batch; a missing field must not mix devices.
    filled = [label for label in labels if len(label)] or labels[:1]
    columns = torch.cat(filled).cpu()
    outside = (columns < 0) | (columns >= num_classes)
    if outside.any():
        raise ValueError(
            f'{field} of {_name(samples, rows[outside][0])} names class '
            f'{columns[outside][0]}, but there are {num_classes} classes '
            f'(0 to {num_classes - 1}).'
        )
    one_hot = torch.zeros(len(samples), num_classes, dtype=torch.bool)
    one_hot[rows, columns] = True
    return one_hot


def _stack(
    samples: Sequence[Mapping[str, Any]], field: str, num_classes: int
) -> Tensor:
    """Scores of a field as ``(B, C)`` float32 on the CPU."""
    for index, sample in enumerate(samples):
        if field not in sample:
            raise ValueError(
                f'{_name(samples, index)} has no {field}: the metric needs '
                "the output of the model's predict mode."
            )
    scores = [torch.as_tensor(sample[field]).detach() for sample in samples]
    num_classes = num_classes or scores[0].numel()
    for index, score in enumerate(scores):
        if score.shape != (num_classes,):
            raise ValueError(
                f'{field} of {_name(samples, index)} has shape '
                f'{tuple(score.shape)}, but there are {num_classes} classes: '
                'do the num_classes of the model and the data set agree?'
            )
    return torch.stack(scores).float().cpu()


def _name(samples: Sequence[Mapping[str, Any]], index: int | Tensor) -> str:
    """How to call a sample in a message."""
    return str(samples[index].get('img_path', f'Sample {int(index)}'))
