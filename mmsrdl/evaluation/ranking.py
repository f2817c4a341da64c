"""Images of a data set in the order of their scores, class by class."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

_RANKED_AT_ONCE = 2**24
"""Scores that are ranked together; bounds memory on large data sets."""


class Ranking(NamedTuple):
    """Some classes with their images by falling score, all ``(C, N)``."""

    scores: Tensor
    """Floats."""
    hits: Tensor
    """Int64, positives down to each rank."""
    known: Tensor
    """Int64, targets that are not unknown, down to each rank."""
    is_threshold: Tensor
    """Bool, only the last of equal scores is one."""

    def precision(self) -> Tensor:
        """Float64; 0 where the rank is no threshold."""
        precision = self.hits.double() / self.known.clamp(min=1)
        return precision * self.is_threshold


def rank_images(scores: Tensor, targets: Tensor) -> Iterator[Ranking]:
    """Rank the images by each class, some classes at once.

    Args:
        scores (Tensor): ``(N, C)`` floats, N at least 1.
        targets (Tensor): ``(N, C)`` in {-1, 0, 1}.

    Yields:
        Ranking: Of the next classes.

    Raises:
        ValueError: If a score is NaN or shapes differ.
    """
    check_shapes(scores, targets)
    classes_at_once = max(_RANKED_AT_ONCE // scores.size(0), 1)
    for score, target in zip(
        scores.t().split(classes_at_once),
        targets.t().split(classes_at_once),
        strict=True,
    ):
        ranked, order = score.sort(dim=1, descending=True)
        target = target.gather(1, order)
        is_threshold = torch.ones_like(ranked, dtype=torch.bool)
        is_threshold[:, :-1] = ranked[:, 1:] != ranked[:, :-1]
        yield Ranking(
            ranked,
            hits=(target == 1).cumsum(1),
            known=(target >= 0).cumsum(1),
            is_threshold=is_threshold,
        )


def check_shapes(scores: Tensor, targets: Tensor) -> None:
    """Make sure that scores and targets belong together, without a NaN."""
    if scores.shape != targets.shape or scores.ndim != 2:
        raise ValueError(
            'Scores and targets must have one shape (N, C), not '
            f'{tuple(scores.shape)} and {tuple(targets.shape)}.'
        )
    if scores.isnan().any():
        raise ValueError('A score is NaN: it has no place in a ranking.')
