"""How far heat maps are from flipping and scaling with the image."""

import math
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor


def flip_distance(maps: Tensor) -> Tensor:
    """Mean squared difference of maps and those of the mirror images.

    Args:
        maps (Tensor): Those of the B images, then those of their mirror
            images, (2 B, C, h, w).

    Returns:
        Tensor: Scalar.
    """
    maps, mirrored = maps.chunk(2)
    return F.mse_loss(maps, mirrored.flip(3))


def scale_distance(large: Tensor, small: Tensor) -> Tensor:
    """Mean squared difference of maps of two sizes, over their area.

    Both are brought to the least common multiple of their sizes, where each
    cell of either covers a whole number of cells.

    Args:
        large (Tensor): (N, C, h, w).
        small (Tensor): (N, C, h', w').

    Returns:
        Tensor: Scalar.
    """
    sides = zip(large.shape[2:], small.shape[2:], strict=True)
    size = [math.lcm(*pair) for pair in sides]
    return F.mse_loss(_repeat(large, size), _repeat(small, size))


def _repeat(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Enlarge maps to a multiple of their size, cell by cell."""
    for axis, length in enumerate(size, start=2):
        maps = maps.repeat_interleave(length // maps.shape[axis], axis)
    return maps
