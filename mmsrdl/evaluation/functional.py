"""Measures of multi-label recognition, as functions of tensors.

Scores are ``(N, C)`` floats of N images and C classes, higher meaning more
likely. Targets are ``(N, C)`` integers: 1 present, 0 absent, -1 unknown. An
unknown target is left out everywhere: it is neither a hit, nor a false
positive, nor a miss. No function changes its arguments, and none depends on
the order of the images, tied scores included.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .average_precision import AP_FORMS, average_precision

__all__ = [
    'ABSENT_POLICIES',
    'AP_FORMS',
    'DIFFICULT',
    'DIFFICULT_POLICIES',
    'LabelCounts',
    'average_precision',
    'class_mean',
    'count_labels',
    'precision_recall_f1',
    'predicted_labels',
    'resolve_difficult',
    'summarise_counts',
]

DIFFICULT = 2
"""Target code of a class that only difficult objects show (PASCAL VOC)."""

DIFFICULT_POLICIES = {'ignore': -1, 'negative': 0, 'positive': 1}
"""What a difficult target stands for under each policy."""

ABSENT_POLICIES = ('skip', 'zero')
"""A class without a positive: left out of class means, or counted as 0."""


class LabelCounts(NamedTuple):
    """Number of labels per class, each an int64 tensor of shape ``(C,)``."""

    hit: Tensor
    """Predicted and present (N^c of SRDL eq. 14)."""
    predicted: Tensor
    """Predicted, unknown targets not counted (N^p)."""
    present: Tensor
    """Present in the ground truth (N^g)."""


def resolve_difficult(targets: Tensor, policy: str) -> Tensor:
    """Give difficult targets their meaning.

    Args:
        targets (Tensor): ``(N, C)`` in {-1, 0, 1, :data:`DIFFICULT`}.
        policy (str): A key of :data:`DIFFICULT_POLICIES`.

    Returns:
        Tensor: ``(N, C)`` in {-1, 0, 1}. Targets of -1 stay unknown under
        every policy.
    """
    meaning = DIFFICULT_POLICIES[policy]
    return targets.masked_fill(targets == DIFFICULT, meaning)


def predicted_labels(
    scores: Tensor, thr: float, topk: int | None = None
) -> Tensor:
    """Choose the labels of each image.

    Args:
        scores (Tensor): ``(N, C)`` floats.
        thr (float): Smallest score of a predicted label, compared in the
            dtype of ``scores``.
        topk (int, optional): Keep only scores at least as high as the k-th
            highest of the image (all ties with it are kept). Unknown targets
            take part in this ranking, as the model cannot know them.

    Returns:
        Tensor: ``(N, C)`` bool.
    """
    labels = scores >= thr
    if topk is not None:
        # Exact; PyTorch 2.1 cannot rank float16 on CPUs.
        exact = scores.to(torch.promote_types(scores.dtype, torch.float32))
        best = exact.topk(min(topk, scores.size(1)), dim=1).values
        labels &= exact >= best[:, -1:]
    return labels


def count_labels(labels: Tensor, targets: Tensor) -> LabelCounts:
    """Count hits, predictions and positives of each class.

    Args:
        labels (Tensor): ``(N, C)`` bool, the predicted labels.
        targets (Tensor): ``(N, C)`` in {-1, 0, 1}.

    Returns:
        LabelCounts: Three int64 tensors of shape ``(C,)``.
    """
    positive = targets == 1
    return LabelCounts(
        hit=(labels & positive).sum(0),
        predicted=(labels & (targets >= 0)).sum(0),
        present=positive.sum(0),
    )


def precision_recall_f1(counts: LabelCounts) -> tuple[Tensor, Tensor, Tensor]:
    """Precision, recall and F1 of each class.

    A class never predicted has precision 0, one never present has recall 0,
    and F1 is 0 where both are 0.

    Returns:
        tuple[Tensor, Tensor, Tensor]: Float64, ``(C,)``, in [0, 1].
    """
    hit, predicted, present = counts
    return (
        _ratio(hit, predicted),
        _ratio(hit, present),
        _ratio(2 * hit, predicted + present),
    )


def summarise_counts(
    counts: LabelCounts, absent: str = 'skip'
) -> dict[str, float]:
    """Per-class and overall precision, recall and F1 in percent.

    ``CP``, ``CR`` are means over classes, ``OP``, ``OR`` come from the summed
    counts, and ``CF1``, ``OF1`` are the harmonic means of these averages
    (SRDL eqs. 14-16). ``F1_macro`` is the mean of the per-class F1, which
    part of the literature prints as CF1.

    Args:
        counts (LabelCounts): From :func:`count_labels`.
        absent (str): ``'skip'`` leaves classes without a positive out of the
            means over classes; ``'zero'`` counts them as 0. Their false
            positives lower ``OP`` either way.

    Returns:
        dict[str, float]: ``CP, CR, CF1, OP, OR, OF1, F1_macro``; each 0 when
        there is nothing to average.
    """
    present = counts.present > 0
    class_precision, class_recall, f1_macro = (
        class_mean(values, present, absent)
        for values in precision_recall_f1(counts)
    )
    total = LabelCounts(*(count.sum() for count in counts))
    precision, recall, f1 = (v.item() for v in precision_recall_f1(total))
    fractions = dict(
        CP=class_precision,
        CR=class_recall,
        CF1=_harmonic_mean(class_precision, class_recall),
        OP=precision,
        OR=recall,
        OF1=f1,
        F1_macro=f1_macro,
    )
    return {name: 100 * value for name, value in fractions.items()}


def class_mean(values: Tensor, present: Tensor, absent: str) -> float:
    """Mean over classes.

    Args:
        values (Tensor): ``(C,)``, 0 for classes without a positive.
        present (Tensor): ``(C,)`` bool, whether a class has a positive.
        absent (str): A word of :data:`ABSENT_POLICIES`.

    Returns:
        float: The mean; 0 if there is no class to average.
    """
    num_classes = len(values) if absent == 'zero' else int(present.sum())
    return values[present].sum().item() / max(num_classes, 1)


def _ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Quotient in float64; 0 where the denominator is 0."""
    return numerator.double() / denominator.clamp(min=1)


def _harmonic_mean(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b > 0 else 0.0
