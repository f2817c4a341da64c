"""Precision at every recall, class by class."""

import torch
from torch import Tensor

from .ranking import rank_images


def precision_at_recalls(
    scores: Tensor, targets: Tensor, num_points: int = 100
) -> Tensor:
    """Precision at the highest threshold that reaches each recall.

    Args:
        scores (Tensor): ``(N, C)`` floats, N at least 1.
        targets (Tensor): ``(N, C)`` in {-1, 0, 1}.
        num_points (int): Number P of recalls 1 / P, 2 / P, ..., 1. Defaults
            to 100.

    Returns:
        Tensor: Float64 ``(C, P)``, in [0, 1]; NaN for a class without a
        positive. Equal scores are accepted together.

    Raises:
        ValueError: If a score is NaN or shapes differ.
    """
    levels = torch.arange(1, num_points + 1)
    curves = []
    for ranking in rank_images(scores, targets):
        hits, is_threshold = ranking.hits, ranking.is_threshold
        ranks = torch.arange(hits.size(1)).expand_as(hits)
        # The last of equal scores, for each rank.
        ends = torch.where(is_threshold, ranks, hits.size(1))
        ends = ends.flip(1).cummin(1).values.flip(1)
        present = hits[:, -1:]
        # In whole numbers, as 1 / P has no exact float.
        reached = torch.searchsorted(num_points * hits, levels * present)
        precision = ranking.precision().gather(1, ends.gather(1, reached))
        curves.append(precision.masked_fill(present == 0, torch.nan))
    return torch.cat(curves)
