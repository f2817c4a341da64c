"""Any number of images through a graph that takes certain numbers."""

from collections.abc import Callable

import torch
from torch import Tensor


def run_in_batches(
    run: Callable[[Tensor], Tensor],
    images: Tensor,
    smallest: int = 0,
    largest: int | None = None,
) -> Tensor:
    """Split images into batches, and fill those that are too small.

    Args:
        run (Callable): From a batch (N, ...) to its scores (N, C).
        images (Tensor): Input, (B, ...).
        smallest (int): N, at least. Defaults to 0.
        largest (int, optional): N, at most. Defaults to None, any number.

    Returns:
        Tensor: Scores of the images, (B, C).
    """
    scores = []
    for batch in images.split(largest or max(len(images), 1)):
        count = len(batch)
        if count < smallest:
            zeros = batch.new_zeros(smallest - count, *batch.shape[1:])
            batch = torch.cat((batch, zeros))
        scores.append(run(batch)[:count])
    return torch.cat(scores)
