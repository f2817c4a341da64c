"""Average precision and best threshold of every class of a data set."""

from collections.abc import Callable

import torch
from torch import Tensor

from .ranking import Ranking, check_shapes, rank_images


def average_precision(
    scores: Tensor, targets: Tensor, form: str = 'area'
) -> Tensor:
    """Average precision of each class.

    Equal scores form one threshold: they are accepted together, so no order
    among them is presumed (as in scikit-learn).

    Args:
        scores (Tensor): ``(N, C)`` floats.
        targets (Tensor): ``(N, C)`` in {-1, 0, 1}.
        form (str): ``'area'``, the sum of precision times the step of recall
            (scikit-learn's ``average_precision_score``); ``'interpolated'``,
            the same after replacing each precision by the highest one at an
            equal or higher recall (PASCAL VOC from 2010 on); ``'11point'``,
            the mean of the latter at recalls 0, 0.1, ..., 1 (VOC 2007 kit).

    Returns:
        Tensor: Float64, ``(C,)``, in [0, 1]; 0 for a class without a
        positive.

    Raises:
        ValueError: If a score is NaN, shapes differ, or ``form`` is unknown.
    """
    if form not in AP_FORMS:
        raise ValueError(
            f'Unknown average precision {form!r}; choose from {[*AP_FORMS]}.'
        )
    if scores.size(0) == 0:
        check_shapes(scores, targets)
        return scores.new_zeros(scores.size(1), dtype=torch.float64)
    return torch.cat([AP_FORMS[form](r) for r in rank_images(scores, targets)])


def best_f1_thresholds(
    scores: Tensor, targets: Tensor
) -> tuple[Tensor, Tensor]:
    """Find the threshold of each class at which its F1 is highest.

    Predicting a label where ``score >= threshold`` gives that F1. It is one
    of the class's scores; of several as good, the highest.

    Args:
        scores (Tensor): ``(N, C)`` floats, N at least 1.
        targets (Tensor): ``(N, C)`` in {-1, 0, 1}.

    Returns:
        tuple[Tensor, Tensor]: Thresholds ``(C,)`` in the dtype of
        ``scores``, and F1, float64 ``(C,)``, in [0, 1]. A class without a
        positive has F1 0 and its highest score for a threshold.

    Raises:
        ValueError: If a score is NaN or shapes differ.
    """
    thresholds, best = [], []
    for ranking in rank_images(scores, targets):
        hits, known = ranking.hits, ranking.known
        f1 = 2 * hits.double() / (known + hits[:, -1:]).clamp(min=1)
        f1 *= ranking.is_threshold
        best.append(f1.amax(1))
        # Not argmax: which of several maxima it returns is left open.
        worse = f1 < best[-1].unsqueeze(1)
        first = worse.cumprod(1).sum(1, keepdim=True)
        thresholds.append(ranking.scores.gather(1, first).squeeze(1))
    return torch.cat(thresholds), torch.cat(best)


def _area(ranking: Ranking) -> Tensor:
    """Sum of precision times the step of recall over the thresholds."""
    return _area_under(ranking.precision(), ranking)


def _interpolated(ranking: Ranking) -> Tensor:
    """Area under the precision envelope."""
    return _area_under(_envelope(ranking.precision()), ranking)


def _eleven_point(ranking: Ranking) -> Tensor:
    """Mean of the precision envelope at recalls 0, 0.1, ..., 1."""
    hits = ranking.hits
    # In whole numbers, 10 hits >= k positives, as 0.1 has no exact float.
    levels = torch.arange(11, device=hits.device) * hits[:, -1:]
    rank = torch.searchsorted(10 * hits, levels)
    return _envelope(ranking.precision()).gather(1, rank).mean(1)


def _area_under(precision: Tensor, ranking: Ranking) -> Tensor:
    hits, is_threshold = ranking.hits, ranking.is_threshold
    hits_before = (hits * is_threshold).cummax(1).values.roll(1, dims=1)
    hits_before[:, 0] = 0
    step = (hits - hits_before) * is_threshold
    return (precision * step).sum(1) / hits[:, -1].clamp(min=1)


def _envelope(precision: Tensor) -> Tensor:
    """Highest precision at this rank or a later one, per row."""
    return precision.flip(1).cummax(1).values.flip(1)


AP_FORMS: dict[str, Callable[[Ranking], Tensor]] = {
    'area': _area,
    'interpolated': _interpolated,
    '11point': _eleven_point,
}
"""Ways to reduce a ranking to one number per class."""
