"""From global to local: regions of an image, without parameters."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mmsrdl.models.layers.object_erasing import peak_run

ROUNDING = 1e-6


@torch.no_grad()
def locate_regions(
    maps: Tensor, size: tuple[int, int], alpha: float, least: float
) -> Tensor:
    """Find the box around the peak of each map, in pixels of the image.

    The map is brought to the size of the image and projected on each axis by
    its maximum; the box is the product of the two peak runs, see
    :func:`~mmsrdl.models.layers.object_erasing.peak_run`.

    Args:
        maps (Tensor): Scores of positions, (N, h, w).
        size (tuple[int, int]): Height H and width W of the image.
        alpha (float): Threshold of the run in (0, 1), of a profile from 0 to
            1.
        least (float): Least side of a box, as share of the image's. A
            smaller box grows around its centre, but not out of the image.

    Returns:
        Tensor: Boxes x1, y1, x2, y2, ends exclusive, (N, 4) int64.
    """
    height, width = size
    maps = F.interpolate(
        maps[:, None], size, mode='bilinear', align_corners=True
    )[:, 0]
    x1, x2 = _widen(*_find_run(maps.amax(1), alpha), width, least)
    y1, y2 = _widen(*_find_run(maps.amax(2), alpha), height, least)
    return torch.stack([x1, y1, x2, y2], 1)


def _find_run(profile: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
    """Peak run of each profile of scores; all of one that is constant."""
    spread = profile.amax(1, keepdim=True) - profile.amin(1, keepdim=True)
    # The interpolation rounds, which makes no peak.
    return peak_run(profile.masked_fill(spread < ROUNDING, 0), alpha)


def _widen(
    start: Tensor, end: Tensor, length: int, least: float
) -> tuple[Tensor, Tensor]:
    """Grow runs to the least share of the length of their profile."""
    size = (end - start).clamp(min=math.ceil(least * length))
    start = start - (size - (end - start)) // 2
    start = torch.minimum(start.clamp(min=0), length - size)
    return start, start + size


def cut_regions(images: Tensor, boxes: Tensor) -> Tensor:
    """Cut regions out of images, each resized to the size of the image.

    Bilinear between the centres of the pixels, where the centres of the
    outermost pixels of a region become those of its picture.

    Args:
        images (Tensor): (B, 3, H, W).
        boxes (Tensor): N regions x1, y1, x2, y2 of each image in pixels, ends
            exclusive, (B, N, 4).

    Returns:
        Tensor: (B, N, 3, H, W).
    """
    height, width = images.shape[2:]
    x1, y1, x2, y2 = boxes.to(images.dtype).unbind(2)
    x = _sample(x1, x2, width)[:, :, None].expand(-1, -1, height, -1)
    y = _sample(y1, y2, height)[..., None].expand(-1, -1, -1, width)
    # All regions of an image below each other: it need not be repeated.
    grid = torch.stack([x, y], 4).flatten(1, 2)
    regions = F.grid_sample(images, grid, align_corners=False)
    return regions.unflatten(2, (boxes.shape[1], height)).transpose(1, 2)


def _sample(start: Tensor, end: Tensor, length: int) -> Tensor:
    """Centres of ``length`` pixels of runs, in [-1, 1] of the image."""
    steps = torch.linspace(0, 1, length, device=start.device).to(start)
    pixels = start[..., None] + steps * (end - 1 - start)[..., None]
    return (2 * pixels + 1) / length - 1
