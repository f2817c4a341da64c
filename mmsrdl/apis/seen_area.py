"""Which part of an image a test pipeline shows to the network, and how."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

Pack = Callable[[dict], dict]
"""A test pipeline without its first step, which loads the image."""

_REPEATS = 6  # one of them differs if the pipeline draws random numbers
_SNAP = 0.01  # of a side: so near to the border it is the border
_TOLERANCE = 4  # of 256 levels, for rounding
_SHIFT = 1  # pixels that resizing may move a picture by


class SeenArea(NamedTuple):
    """The part of an image that the network sees.

    Attributes:
        box (tuple[float, float, float, float]): Its left, top, right and
            bottom, in units of the width and height of the image.
        flipped (tuple[bool, bool]): Whether the network sees it with left
            and right, and with top and bottom, exchanged.
    """

    box: tuple[float, float, float, float]
    flipped: tuple[bool, bool]

    def upright(self, maps: Tensor) -> Tensor:
        """Turn maps of the network, ``(..., h, w)``, as the image is."""
        axes = [
            axis
            for axis, flip in zip((-1, -2), self.flipped, strict=True)
            if flip
        ]
        return maps.flip(axes) if axes else maps

    def crop(self, image: np.ndarray) -> np.ndarray:
        """Cut the part out of an image, ``(H, W, ...)``; a view of it."""
        height, width = image.shape[:2]
        left, top, right, bottom = (
            round(share * side)
            for share, side in zip(self.box, (width, height) * 2, strict=True)
        )
        rows = slice(top, max(bottom, top + 1))
        return image[rows, left : max(right, left + 1)]

    def clip(self, boxes: Tensor) -> Tensor:
        """Tell where boxes lie in the part.

        Args:
            boxes (Tensor): x1, y1, x2, y2 in units of the image's width and
                height, (M, 4).

        Returns:
            Tensor: In units of the part's width and height, in [0, 1],
            without the boxes outside of it.
        """
        left, top, right, bottom = self.box
        start = boxes.new_tensor([left, top] * 2)
        size = boxes.new_tensor([right - left, bottom - top] * 2)
        boxes = ((boxes - start) / size).clamp(0, 1)
        return boxes[(boxes[:, :2] < boxes[:, 2:]).all(1)]


@lru_cache(8192)
def find_seen_area(pack: Pack, shape: tuple[int, int]) -> SeenArea:
    """Find what a test pipeline shows of images of a size.

    The pipeline is tried out on an image that tells its coordinates by its
    colours, so that any transform will do, as long as what the network gets
    is a rectangle of the image, upright or mirrored along its axes: one that
    is resized, cropped, flipped, with or without the aspect ratio kept.

    Args:
        pack (Callable): A test pipeline without the step that loads; takes
            ``img``, ``img_shape`` and ``ori_shape``, gives ``inputs``.
        shape (tuple[int, int]): Height and width of the loaded image.

    Returns:
        SeenArea: The part, exactly the image's border where it is nearer
        than one percent, or than a pixel of a small image.

    Raises:
        ValueError: If what the network sees is no such rectangle, as with
            padding or a rotation, or changes from time to time.
    """
    if not _is_steady(pack):
        raise ValueError(
            'The test pipeline shows the network something else each time, '
            'so that it cannot be told where in the image it looks: leave '
            'out transforms that draw random numbers.'
        )
    return _try_out(pack, _make_probe(shape), shape)


@lru_cache(64)
def _is_steady(pack: Pack) -> bool:
    """Tell whether a pipeline shows an image in the same way each time."""
    probe = _make_probe((512, 512))
    first, *others = (_show(pack, probe) for _ in range(_REPEATS))
    return all(torch.equal(first, other) for other in others)


def _make_probe(shape: tuple[int, int]) -> np.ndarray:
    """Make an image that tells its coordinates by its colours."""
    # A larger image of the same form tells more of its few pixels.
    factor = -(-16 // min(shape))
    height, width = (side * factor for side in shape)
    rows, columns = np.ogrid[:height, :width]
    probe = np.empty((height, width, 3), np.uint8)
    probe[..., ::2] = _levels(columns, width)[..., None]
    probe[..., 1] = _levels(rows, height)
    return probe


def _try_out(
    pack: Pack, probe: np.ndarray, shape: tuple[int, int]
) -> SeenArea:
    height, width = probe.shape[:2]
    seen = _show(pack, probe)
    x = _fit_line(seen[0].numpy(), width)
    y = _fit_line(seen[1].numpy().T, height)
    if x is None or y is None:
        raise ValueError(
            'The test pipeline does not show the network a rectangle of the '
            f'image ({shape[1]} x {shape[0]} pixels), resized or flipped, so '
            'that it cannot be told where in the image it looks: leave out '
            'transforms that pad, rotate or distort it, or change its '
            'colours.'
        )
    return SeenArea((x[0], y[0], x[1], y[1]), (x[2], y[2]))


def _show(pack: Pack, probe: np.ndarray) -> Tensor:
    """Give what the network gets of an image, (3, h, w) uint8."""
    size = probe.shape[:2]
    image = dict(img=probe.copy(), img_shape=size, ori_shape=size)
    seen = pack(image)['inputs']
    if not (isinstance(seen, Tensor) and seen.dtype == torch.uint8):
        raise ValueError(
            'The test pipeline must end in images of type uint8, '
            f'(3, H, W), not {getattr(seen, "dtype", type(seen).__name__)}: '
            'leave the normalisation to the data preprocessor.'
        )
    return seen


def _levels(position: np.ndarray, side: int) -> np.ndarray:
    """Positions of the centres of pixels, as shares of the side times 255."""
    return (255 * (position + 0.5) / side).round().astype(np.uint8)


def _fit_line(seen: np.ndarray, side: int) -> tuple[float, float, bool] | None:
    """Find the ends of an axis in what is seen of it.

    Args:
        seen (np.ndarray): Levels (h, w), which change along the second axis.
        side (int): Pixels of the image along the axis.

    Returns:
        tuple[float, float, bool]: Lower and upper end in units of the side,
        and whether they are exchanged; None if the levels do not rise or
        fall evenly.
    """
    lines, length = seen.shape
    seen = seen[np.linspace(0, lines - 1, 64).astype(int)]
    x = (np.arange(length) + 0.5) / length
    # The ends of an enlarged image repeat the outermost pixel.
    inner = slice(length // 4, length - length // 4)
    if length == 1:  # too flat a picture to tell more than its middle
        is_whole = np.abs(seen - 127.5).max() <= 2 * _TOLERANCE
        return (0.0, 1.0, False) if is_whole else None
    slope, start = np.polyfit(x[inner], seen[:, inner].mean(0), 1).tolist()
    error = np.abs(seen - (start + slope * x)).max()
    if abs(slope) < 1 or error > _TOLERANCE + 255 * _SHIFT / side:
        return None
    low, high = sorted((start / 255, (start + slope) / 255))
    near = max(_SNAP, _SHIFT / min(side, length))
    low = 0.0 if abs(low) < near else low
    high = 1.0 if abs(high - 1) < near else high
    if low < 0 or high > 1:
        return None
    return low, high, slope < 0
