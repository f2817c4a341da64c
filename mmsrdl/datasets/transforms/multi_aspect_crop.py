"""Random crops of several sizes and shapes, at fixed places."""

from collections.abc import Sequence
from numbers import Real

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmpretrain.registry import TRANSFORMS

from .resizing import check_interpolation, lay_out_planes, resize_pixels

PLACES = [(y, x) for y in range(5) for x in range(5) if (y + x) % 2 == 0]
"""Top and left of a crop, in quarters of what the image has beside it."""


@TRANSFORMS.register_module()
class MultiAspectCrop(BaseTransform):
    """Crop a rectangle of the image itself, and resize it to a square.

    The crop of ML-GCN, ADD-GCN and DSDL, and of temporal segment networks
    before. Height and width of the crop are each a scale of the *short* side
    of the image, and lie at most ``max_gap`` scales apart. It has 13 places:
    the corners, the middles of the sides, the centre, and halfway between
    centre and corners. All pairs of scales, and all places, are equally
    likely.

    Put a ``Resize`` to a square before it for the recipes of ADD-GCN
    and DSDL.

    **Required Keys:**

    - img
    - gt_bboxes (optional)

    **Modified Keys:**

    - img
    - img_shape
    - gt_bboxes (optional): cut at the borders, so that a box outside of the
      crop becomes empty

    Args:
        size (int): Side of the result, in pixels. Defaults to 448.
        scales (Sequence[float]): Sides that a crop may have, of the short
            side of the image, in (0, 1]. Defaults to
            ``(1.0, 0.875, 0.75, 0.66, 0.5)``.
        max_gap (int): How many places height and width may lie apart in
            ``scales``; with 0 all crops are squares. Defaults to 2.
        interpolation (str): As in :func:`mmcv.imresize`. Defaults to
            ``'bilinear'``.
        backend (str): ``'cv2'``; or ``'pillow'``, which smooths when it
            shrinks an image, as large photos need. Defaults to ``'cv2'``.

    Raises:
        ValueError: If an argument is out of its range, or the interpolation
            unknown to the backend.
    """

    def __init__(
        self,
        size: int = 448,
        scales: Sequence[float] = (1.0, 0.875, 0.75, 0.66, 0.5),
        max_gap: int = 2,
        interpolation: str = 'bilinear',
        backend: str = 'cv2',
    ) -> None:
        for name, value, least in (('size', size, 1), ('max_gap', max_gap, 0)):
            if type(value) is not int or value < least:
                raise ValueError(
                    f'{name} of MultiAspectCrop must be an integer from '
                    f'{least} on, got {value!r}.'
                )
        if not (isinstance(scales, Sequence) and scales) or not all(
            isinstance(scale, Real) and 0 < scale <= 1 for scale in scales
        ):
            raise ValueError(
                'scales of MultiAspectCrop must be a list of numbers in '
                f'(0, 1], got {scales!r}.'
            )
        check_interpolation(interpolation, backend)
        self.size = size
        self.scales = tuple(scales)
        self.max_gap = max_gap
        self.interpolation = interpolation
        self.backend = backend
        self.shapes = [
            (height, width)
            for i, height in enumerate(scales)
            for j, width in enumerate(scales)
            if abs(i - j) <= max_gap
        ]

    @cache_randomness
    def rand_crop_params(self) -> tuple[tuple[float, float], tuple[int, int]]:
        """Draw a crop.

        Returns:
            tuple[tuple[float, float], tuple[int, int]]: Its height and width
            in short sides of the image, and one of :data:`PLACES`.
        """
        shape = self.shapes[np.random.randint(len(self.shapes))]
        return shape, PLACES[np.random.randint(len(PLACES))]

    def transform(self, results: dict) -> dict:
        """Crop ``results['img']``.

        Args:
            results (dict): With ``img`` of shape (H, W) or (H, W, channels),
                and maybe ``gt_bboxes``, x1, y1, x2, y2 in pixels, (M, 4).

        Returns:
            dict: The same, with ``img`` of shape (size, size[, channels]).
        """
        img = results['img']
        scales, place = self.rand_crop_params()
        sides = [max(1, int(min(img.shape[:2]) * scale)) for scale in scales]
        (top, height), (left, width) = (
            (quarters * ((length - side) // 4), side)
            for quarters, length, side in zip(
                place, img.shape[:2], sides, strict=True
            )
        )
        if 'gt_bboxes' in results:
            boxes = results['gt_bboxes']
            moved = (boxes - np.tile((left, top), 2)) * self.size
            moved = (moved / np.tile((width, height), 2)).clip(0, self.size)
            results['gt_bboxes'] = moved.astype(boxes.dtype)
        img = resize_pixels(
            img[top : top + height, left : left + width],
            self.size,
            self.size,
            self.interpolation,
            self.backend,
        )
        results['img'] = lay_out_planes(img)
        results['img_shape'] = (self.size, self.size)
        return results

    def __repr__(self) -> str:
        """Show the arguments."""
        return (
            f'{type(self).__name__}(size={self.size}, scales={self.scales}, '
            f'max_gap={self.max_gap}, interpolation={self.interpolation!r}, '
            f'backend={self.backend!r})'
        )
