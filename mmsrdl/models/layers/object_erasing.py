"""Object erasing of SRDL (§3.2, eqs. 7-10): the box that training hides."""

from numbers import Integral, Real

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def peak_run(marginal: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
    """The run of large values around the maximum of each profile.

    A run is a maximal stretch of neighbours with
    (m - min) / (max - min) >= alpha. Of the runs that hold the maximum the
    widest is taken, and of equally wide ones the leftmost. A constant profile
    is one run.

    Args:
        marginal (Tensor): Profiles m, (N, L).
        alpha (float): Threshold in (0, 1).

    Returns:
        tuple[Tensor, Tensor]: First index and end (exclusive) of the run,
        two int64 tensors of shape (N,).
    """
    length = marginal.shape[1]
    low, high = marginal.amin(1, keepdim=True), marginal.amax(1, keepdim=True)
    large = (marginal - low) / (high - low) >= alpha
    large = large | (high == low)

    # A run spans from behind the nearest small value on the left of a
    # position to the nearest one on its right.
    index = torch.arange(length, device=marginal.device).expand_as(marginal)
    behind = (index + 1).masked_fill(large, 0)
    before = (length - index).masked_fill(large, 0)
    start = _running_max(behind, (length - 1, 0))
    end = length - _running_max(before, (0, length - 1))
    width = (end - start).masked_fill(marginal != high, 0)
    chosen = width.argmax(1, keepdim=True)
    return start.gather(1, chosen)[:, 0], end.gather(1, chosen)[:, 0]


def _running_max(values: Tensor, padding: tuple[int, int]) -> Tensor:
    """Maxima so far of (N, L) whole numbers from 0 on, from either side.

    By pooling: ONNX has no ``cummax``, and fixes the length.
    """
    padded = F.pad(values[:, None].float(), padding)
    length = int(values.shape[1])
    return F.max_pool1d(padded, length, stride=1)[:, 0].long()


def check_erasing(topk: int, alpha: float) -> None:
    """Raise a ValueError unless topk >= 1 is whole and 0 < alpha < 1."""
    is_whole = isinstance(topk, Integral) and not isinstance(topk, bool)
    if not is_whole or topk < 1:
        raise ValueError(
            f'Object erasing needs a whole topk >= 1, but got topk={topk!r}.'
        )
    if not isinstance(alpha, Real) or not 0 < alpha < 1:
        raise ValueError(
            f'Object erasing needs 0 < alpha < 1, but got alpha={alpha!r}.'
        )


class ObjectErasing(nn.Module):
    """Erases, in a spatial attention map, the box around its maximum.

    The map is projected on each axis by its maximum; the box is the product
    of the two peak runs (:func:`peak_run`). A map that is constant altogether
    loses nothing. Batched, without parameters, state or host synchronisation.

    Args:
        topk (int): How many of the highest-scoring categories of an image
            are erased, at least 1. Defaults to 3.
        alpha (float): Threshold of the peak run in (0, 1). Defaults to 0.5.

    Attributes:
        enabled (bool): Whether the head erases in training; switched by
            :class:`~mmsrdl.engine.hooks.ObjectErasingHook`.
        erased_area (Tensor, optional): Mean share in [0, 1] of the map that
            the last call erased, a detached scalar, for logging.
    """

    def __init__(self, topk: int = 3, alpha: float = 0.5) -> None:
        super().__init__()
        check_erasing(topk, alpha)
        self.enabled = True
        self.topk = topk
        self.alpha = alpha
        self.erased_area: Tensor | None = None

    @torch.no_grad()
    def locate(self, spatial: Tensor) -> Tensor:
        """Find the box to erase in each map.

        Args:
            spatial (Tensor): Attention maps, (N, h, w).

        Returns:
            Tensor: Boxes x1, y1, x2, y2 in cells, ends exclusive, (N, 4)
            int64; all 0 for a map that is constant or holds NaN.
        """
        x1, x2 = peak_run(spatial.amax(1), self.alpha)
        y1, y2 = peak_run(spatial.amax(2), self.alpha)
        # Written so that a map with NaN counts as constant too.
        varies = spatial.amax((1, 2)) > spatial.amin((1, 2))
        boxes = torch.stack([x1, y1, x2, y2], 1)
        return boxes.masked_fill(~varies[:, None], 0)

    @torch.no_grad()
    def forward(self, spatial: Tensor) -> Tensor:
        """Find what is left of each map.

        Args:
            spatial (Tensor): Attention maps, (N, h, w).

        Returns:
            Tensor: False inside the box, True elsewhere, (N, h, w) bool.
        """
        h, w = spatial.shape[1:]
        x1, y1, x2, y2 = self.locate(spatial)[..., None].unbind(1)
        x = torch.arange(w, device=spatial.device)
        y = torch.arange(h, device=spatial.device)
        in_x = (x >= x1) & (x < x2)
        in_y = (y >= y1) & (y < y2)
        erased = in_y[:, :, None] & in_x[:, None]
        self.erased_area = erased.float().mean()
        return ~erased

    def extra_repr(self) -> str:
        """Options and state, for ``print(model)``."""
        return f'topk={self.topk}, alpha={self.alpha}, enabled={self.enabled}'
