"""How far heat maps are from flipping and scaling with the image."""

import torch
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

    The borders of the cells of both cut the area into pieces, at most four
    times as many as the larger map has cells. On each both are constant.

    Args:
        large (Tensor): (N, C, h, w).
        small (Tensor): (N, C, h', w').

    Returns:
        Tensor: Scalar.
    """
    sides = zip(large.shape[2:], small.shape[2:], strict=True)
    pieces = [_cut(*pair, large.device) for pair in sides]
    for axis, (of_large, of_small, _) in enumerate(pieces, start=2):
        large = large.index_select(axis, of_large)
        small = small.index_select(axis, of_small)
    height, width = (share.to(large) for *_, share in pieces)
    apart = (large - small).square().mean((0, 1))
    return height @ apart @ width


def _cut(
    m: int, n: int, device: torch.device
) -> tuple[Tensor, Tensor, Tensor]:
    """Pieces of a line that has m cells, and n others.

    There are m + n: where a cell of both begins, one is of length 0.

    Returns:
        tuple[Tensor, Tensor, Tensor]: Which of the m cells each piece is of,
        which of the n, and its share of the line.
    """
    # In steps of 1 / (m n) a cell of m takes n of them, and one of n takes m.
    starts = [torch.arange(0, m * n, k, device=device) for k in (n, m)]
    borders = torch.cat(starts).sort().values
    lengths = borders.diff(append=borders.new_full((1,), m * n))
    return borders // n, borders // m, lengths / (m * n)
