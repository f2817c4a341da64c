"""Do scores say how often a label is right, and can one number mend them?

Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, for labels
that are each present or absent.
"""

from typing import NamedTuple

import torch
from torch import Tensor

_LEAST = 1e-7
"""Scores are kept this far from 0 and 1, where logits are infinite."""
_RANGE = 20.0
"""Temperatures are in [1 / 20, 20]."""
_MIN_POSITIVES = 10
"""Classes with fewer positives, or negatives, take the common temperature."""


class Reliability(NamedTuple):
    """Labels by their scores in B bins of equal width, each ``(C, B)``."""

    count: Tensor
    """Int64, labels whose presence is known."""
    score_sum: Tensor
    """Float64, sum of their scores."""
    present: Tensor
    """Int64, those that are present."""

    def pooled(self) -> 'Reliability':
        """The labels of all classes together, ``(1, B)``."""
        return Reliability(*(part.sum(0, keepdim=True) for part in self))

    def calibration_error(self) -> Tensor:
        """Expected calibration error (ECE).

        Returns:
            Tensor: Float64 ``(C,)``, in [0, 1]: how far the mean score is
            from the share of present labels, averaged over bins by their
            number of labels; 0 for a class of which nothing is known.
        """
        gaps = (self.score_sum - self.present).abs().sum(1)
        return gaps / self.count.sum(1).clamp(min=1)


def measure_reliability(
    scores: Tensor, targets: Tensor, num_bins: int = 15
) -> Reliability:
    """Sort labels into bins by their scores.

    Args:
        scores (Tensor): ``(N, C)``, in [0, 1].
        targets (Tensor): ``(N, C)`` in {-1, 0, 1}; unknown ones are left out.
        num_bins (int): Number B of bins. Defaults to 15.

    Returns:
        Reliability: For each class.
    """
    num_classes = scores.size(1)
    cells = (scores * num_bins).long().clamp(max=num_bins - 1)
    cells = cells + num_bins * torch.arange(num_classes)
    known = targets >= 0
    size = dict(minlength=num_bins * num_classes)
    parts = (
        cells[known].bincount(**size),
        cells[known].bincount(scores[known].double(), **size),
        cells[targets == 1].bincount(**size),
    )
    return Reliability(*(part.view(num_classes, num_bins) for part in parts))


def cross_entropy(scores: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy of every label.

    Args:
        scores (Tensor): ``(N, C)``, in [0, 1].
        targets (Tensor): ``(N, C)`` in {-1, 0, 1}.

    Returns:
        Tensor: Float32 ``(N, C)``, at least 0; 0 where the target is
        unknown. A score counts as at least 1e-7 from either end.
    """
    scores = scores.float()
    right = torch.where(targets == 1, scores, 1 - scores)
    return -right.clamp(min=_LEAST).log() * (targets >= 0)


def fit_temperatures(
    scores: Tensor, targets: Tensor, per_class: bool = True
) -> Tensor:
    """Find the temperatures T at which sigmoid(logit / T) fits best.

    The cross-entropy is convex in 1 / T: its slope is bisected.

    Args:
        scores (Tensor): ``(N, C)``, in [0, 1].
        targets (Tensor): ``(N, C)`` in {-1, 0, 1}; unknown ones are left out.
        per_class (bool): Whether each class has its own; one with fewer than
            10 positives or negatives takes the common one all the same.
            Defaults to True.

    Returns:
        Tensor: Float64 ``(C,)``, in [0.05, 20]; above 1, the scores are too
        sure.
    """
    logits = _logits(scores)
    # Of an unknown target, neither the logit nor the slope counts.
    logits = logits * (targets >= 0)
    positive = targets == 1
    common = _bisect(logits.reshape(-1, 1), positive.reshape(-1, 1))
    if not per_class:
        return common.expand(scores.size(1))
    known, present = (targets >= 0).sum(0), positive.sum(0)
    enough = torch.minimum(present, known - present) >= _MIN_POSITIVES
    return torch.where(enough, _bisect(logits, positive), common)


def apply_temperatures(scores: Tensor, temperatures: Tensor) -> Tensor:
    """Give scores the temperatures of their classes.

    The order of the images within a class, and so its AP, stays; so does
    the side of 0.5 on which a score is.

    Args:
        scores (Tensor): ``(N, C)``, in [0, 1].
        temperatures (Tensor): ``(C,)``, above 0.

    Returns:
        Tensor: Float64 ``(N, C)``, in (0, 1).
    """
    return (_logits(scores) / temperatures).sigmoid()


def temper_by_halves(
    scores: Tensor, targets: Tensor, per_class: bool = True
) -> Tensor:
    """Give each half of the images the temperatures fitted on the other.

    Args:
        scores (Tensor): ``(N, C)``, in [0, 1], N at least 2.
        targets (Tensor): ``(N, C)`` in {-1, 0, 1}.
        per_class (bool): As for :func:`fit_temperatures`.

    Returns:
        Tensor: Float64 ``(N, C)``. The halves are the even and the odd
        images.
    """
    tempered = torch.empty_like(scores, dtype=torch.float64)
    for half in (0, 1):
        other = slice(1 - half, None, 2)
        fitted = fit_temperatures(scores[other], targets[other], per_class)
        tempered[half::2] = apply_temperatures(scores[half::2], fitted)
    return tempered


def _logits(scores: Tensor) -> Tensor:
    return scores.double().clamp(_LEAST, 1 - _LEAST).logit()


def _bisect(logits: Tensor, positive: Tensor) -> Tensor:
    """Temperatures of the columns, by 30 halvings of the range of log T."""
    pull = (logits * positive).sum(0)
    low = torch.full_like(pull, -torch.tensor(_RANGE).log().item())
    high = -low
    for _ in range(30):
        middle = (low + high) / 2
        # Slope of the cross-entropy in 1 / T, which rises with 1 / T.
        slope = (logits * (logits / middle.exp()).sigmoid()).sum(0) - pull
        too_cold = slope > 0
        low = torch.where(too_cold, middle, low)
        high = torch.where(too_cold, high, middle)
    return ((low + high) / 2).exp()
