"""Average precision of every class of a data set at once."""

from collections.abc import Callable

import torch
from torch import Tensor

_RANKED_AT_ONCE = 2**24
"""Scores that are ranked together; bounds memory on large data sets."""


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
    if scores.shape != targets.shape or scores.ndim != 2:
        raise ValueError(
            'Scores and targets must have one shape (N, C), not '
            f'{tuple(scores.shape)} and {tuple(targets.shape)}.'
        )
    if scores.isnan().any():
        raise ValueError('A score is NaN: it has no place in a ranking.')
    if scores.size(0) == 0:
        return scores.new_zeros(scores.size(1), dtype=torch.float64)
    classes_at_once = max(_RANKED_AT_ONCE // scores.size(0), 1)
    chunks = zip(
        scores.t().split(classes_at_once),
        targets.t().split(classes_at_once),
        strict=True,
    )
    return torch.cat(
        [AP_FORMS[form](*_precision_curve(*chunk)) for chunk in chunks]
    )


def _precision_curve(
    scores: Tensor, targets: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Precision at every rank.

    Args:
        scores (Tensor): ``(C, N)`` floats.
        targets (Tensor): ``(C, N)`` in {-1, 0, 1}.

    Returns:
        tuple[Tensor, Tensor, Tensor]: All ``(C, N)`` by falling score:
        int64 positives down to each rank; float64 precision, 0 where the rank
        is no threshold; and bool, whether it is one, which only the last of
        equal scores is.
    """
    ranked, order = scores.sort(dim=1, descending=True)
    targets = targets.gather(1, order)
    hits = (targets == 1).cumsum(1)
    is_threshold = torch.ones_like(ranked, dtype=torch.bool)
    is_threshold[:, :-1] = ranked[:, 1:] != ranked[:, :-1]
    known = (targets >= 0).cumsum(1).clamp(min=1)
    precision = hits.double() / known * is_threshold
    return hits, precision, is_threshold


def _area(hits: Tensor, precision: Tensor, is_threshold: Tensor) -> Tensor:
    """Sum of precision times the step of recall over the thresholds."""
    hits_before = (hits * is_threshold).cummax(1).values.roll(1, dims=1)
    hits_before[:, 0] = 0
    step = (hits - hits_before) * is_threshold
    return (precision * step).sum(1) / hits[:, -1].clamp(min=1)


def _interpolated(
    hits: Tensor, precision: Tensor, is_threshold: Tensor
) -> Tensor:
    """Area under the precision envelope."""
    return _area(hits, _envelope(precision), is_threshold)


def _eleven_point(
    hits: Tensor, precision: Tensor, is_threshold: Tensor
) -> Tensor:
    """Mean of the precision envelope at recalls 0, 0.1, ..., 1."""
    # In whole numbers, 10 hits >= k positives, as 0.1 has no exact float.
    levels = torch.arange(11, device=hits.device) * hits[:, -1:]
    rank = torch.searchsorted(10 * hits, levels)
    return _envelope(precision).gather(1, rank).mean(1)


def _envelope(precision: Tensor) -> Tensor:
    """Highest precision at this rank or a later one, per row."""
    return precision.flip(1).cummax(1).values.flip(1)


AP_FORMS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    'area': _area,
    'interpolated': _interpolated,
    '11point': _eleven_point,
}
"""Ways to reduce :func:`_precision_curve` to one number per class."""
