"""Choice of the score from which on a label is predicted."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from .average_precision import best_f1_thresholds
from .functional import LabelCounts
from .ranking import rank_images


class ThresholdChoice(NamedTuple):
    """Thresholds of C classes."""

    thresholds: Tensor
    """``(C,)``, in the dtype of the scores."""
    chosen: Tensor
    """``(C,)`` bool; False where the default was kept for want of
    positives."""
    reached: Tensor
    """``(C,)`` bool; False where no threshold reaches the target."""


def choose_thresholds(
    scores: Tensor,
    targets: Tensor,
    by: str = 'f1',
    target: float | None = None,
    scope: str = 'class',
    default: float = 0.5,
) -> ThresholdChoice:
    """Choose thresholds on images of which the labels are known.

    Args:
        scores (Tensor): ``(N, C)`` floats, N at least 1.
        targets (Tensor): ``(N, C)`` in {-1, 0, 1}.
        by (str): ``'f1'``, the highest F1; ``'precision'``, the lowest
            threshold (so the highest recall) at which precision is at least
            ``target``, or the most precise one if none is; ``'recall'``, the
            highest threshold at which recall is. Defaults to ``'f1'``.
        target (float, optional): In (0, 1], for precision and recall.
        scope (str): ``'class'``, one threshold per class, or ``'global'``,
            one for all, by their counts together (as OP, OR and OF1).
            Defaults to ``'class'``.
        default (float): What a class without a positive keeps. Defaults to
            0.5.

    Returns:
        ThresholdChoice: One of the scores per class, or the default.

    Raises:
        ValueError: If an option does not fit, a score is NaN or shapes
            differ.
    """
    if by not in CRITERIA or scope not in SCOPES:
        raise ValueError(
            f'by must be one of {[*CRITERIA]} and scope one of {[*SCOPES]}, '
            f'got {by!r} and {scope!r}.'
        )
    if (target is None) != (by == 'f1'):
        needs = 'takes no' if by == 'f1' else 'needs a'
        raise ValueError(f'The choice by {by} {needs} target.')
    if target is not None and not 0 < target <= 1:
        raise ValueError(f'The target must be in (0, 1], got {target}.')
    num_classes = scores.size(1)
    if scope == 'global':
        scores, targets = scores.reshape(-1, 1), targets.reshape(-1, 1)
    thresholds, reached = CRITERIA[by](scores, targets, target)
    chosen = (targets == 1).any(0)
    thresholds = thresholds.masked_fill(~chosen, default)
    return ThresholdChoice(
        *(
            values.expand(num_classes)
            for values in (thresholds, chosen, reached | ~chosen)
        )
    )


def labels_by_halves(
    scores: Tensor,
    targets: Tensor,
    choose: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """Predict each half of the images by what was chosen on the other half.

    What was chosen looks too good on the images that it was chosen on. This
    shows what to expect of it on others.

    Args:
        scores (Tensor): ``(N, C)`` floats, N at least 2.
        targets (Tensor): ``(N, C)`` in {-1, 0, 1}.
        choose (Callable): Gives the thresholds ``(C,)`` for scores and
            targets.

    Returns:
        Tensor: ``(N, C)`` bool. The halves are the even and the odd images.
    """
    labels = torch.empty_like(scores, dtype=torch.bool)
    for half in (0, 1):
        other = slice(1 - half, None, 2)
        thresholds = choose(scores[other], targets[other])
        labels[half::2] = scores[half::2] >= thresholds
    return labels


def count_at_thresholds(
    scores: Tensor, targets: Tensor, thresholds: Tensor
) -> LabelCounts:
    """Count hits, predictions and positives at many global thresholds.

    Args:
        scores (Tensor): ``(N, C)`` floats.
        targets (Tensor): ``(N, C)`` in {-1, 0, 1}.
        thresholds (Tensor): ``(T,)``, rising, in the dtype of ``scores``.

    Returns:
        LabelCounts: Int64, each ``(T, C)``.
    """
    num_classes = scores.size(1)
    # How many of the thresholds a score reaches.
    cells = torch.bucketize(scores.contiguous(), thresholds, right=True)
    cells = cells * num_classes + torch.arange(num_classes)

    def count(among: Tensor) -> Tensor:
        bins = (len(thresholds) + 1) * num_classes
        counts = cells[among].bincount(minlength=bins)
        counts = counts.view(-1, num_classes)
        return counts.flip(0).cumsum(0).flip(0)

    hit, known = count(targets == 1), count(targets >= 0)
    return LabelCounts(hit[1:], known[1:], hit[:1].expand_as(hit[1:]))


def _by_f1(
    scores: Tensor, targets: Tensor, target: None
) -> tuple[Tensor, Tensor]:
    thresholds, best = best_f1_thresholds(scores, targets)
    return thresholds, torch.ones_like(best, dtype=torch.bool)


def _by_precision(
    scores: Tensor, targets: Tensor, target: float
) -> tuple[Tensor, Tensor]:
    thresholds, reached = [], []
    for ranking in rank_images(scores, targets):
        precision = ranking.precision()
        best = precision.amax(1, keepdim=True)
        # If the target is out of reach, the best there is.
        enough = precision >= best.clamp(max=target)
        enough &= ranking.is_threshold
        # The last rank that is enough.
        rank = enough.long().flip(1).cummax(1).values.sum(1, keepdim=True) - 1
        thresholds.append(ranking.scores.gather(1, rank.clamp(min=0)))
        reached.append(best >= target)
    return torch.cat(thresholds).squeeze(1), torch.cat(reached).squeeze(1)


def _by_recall(
    scores: Tensor, targets: Tensor, target: float
) -> tuple[Tensor, Tensor]:
    thresholds = []
    for ranking in rank_images(scores, targets):
        hits = ranking.hits.double()
        recall = hits / hits[:, -1:].clamp(min=1)
        rank = (recall < target).sum(1, keepdim=True)
        rank = rank.clamp(max=scores.size(0) - 1)
        thresholds.append(ranking.scores.gather(1, rank))
    thresholds = torch.cat(thresholds).squeeze(1)
    return thresholds, torch.ones_like(thresholds, dtype=torch.bool)


CRITERIA = {'f1': _by_f1, 'precision': _by_precision, 'recall': _by_recall}
"""What thresholds may be chosen by."""

SCOPES = ('class', 'global')
"""For how many classes a threshold is chosen."""
