"""Random square crops of several sizes."""

import math
from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmpretrain.registry import TRANSFORMS

from .resizing import check_interpolation, lay_out_planes, resize_pixels

_REACH = 6
"""Pixels that no kernel reaches beyond: Lanczos, the widest, takes 4."""


@TRANSFORMS.register_module()
class MultiScaleCrop(BaseTransform):
    """Crop a square of random size, at a random place, from a square image.

    The image is resized to ``resize`` x ``resize`` whatever its aspect
    ratio, cropped, and resized to ``size`` x ``size`` (Pu et al., section
    4.2). Sizes and places are uniform.

    **Required Keys:**

    - img
    - gt_bboxes (optional)

    **Modified Keys:**

    - img
    - img_shape
    - gt_bboxes (optional): cut at the borders, so that a box outside of the
      crop becomes empty

    Args:
        resize (int): Side of the square to crop from, in pixels. Defaults
            to 512.
        crop_sizes (Sequence[int]): Sides that a crop may have. Defaults to
            ``(512, 448, 384, 320, 256)``.
        size (int): Side of the result. Defaults to 448.
        interpolation (str): As in :func:`mmcv.imresize`. Defaults to
            ``'bicubic'``.
        backend (str): ``'cv2'`` or ``'pillow'``. Pillow smooths when it
            shrinks an image, which large photos need, and takes several
            times as long. Up to 640 pixels the two differ by less than a
            grey level on average. Defaults to ``'cv2'``.
        single_resize (bool): Whether to cut the crop from the image itself,
            at the pixels nearest to its edges, and to resize once, which
            takes half the time. An edge moves by at most half a pixel of the
            image; the interpolation changes a third of a grey level on
            average. Defaults to False.

    Raises:
        ValueError: If a size is not a positive integer, a crop larger than
            ``resize``, or the interpolation unknown to the backend.
    """

    def __init__(
        self,
        resize: int = 512,
        crop_sizes: Sequence[int] = (512, 448, 384, 320, 256),
        size: int = 448,
        interpolation: str = 'bicubic',
        backend: str = 'cv2',
        single_resize: bool = False,
    ) -> None:
        if not isinstance(crop_sizes, Sequence):
            raise ValueError(
                f'crop_sizes must be a list of sides, got {crop_sizes!r}.'
            )
        sides = (resize, size, *crop_sizes)
        if not all(type(side) is int and side > 0 for side in sides):
            raise ValueError(
                'resize, crop_sizes and size must be positive integers, got '
                f'{resize}, {crop_sizes} and {size}.'
            )
        if not crop_sizes or max(crop_sizes) > resize:
            raise ValueError(
                f'crop_sizes must be sides of at most resize={resize}, got '
                f'{crop_sizes}.'
            )
        check_interpolation(interpolation, backend)
        self.resize = resize
        self.crop_sizes = tuple(crop_sizes)
        self.size = size
        self.interpolation = interpolation
        self.backend = backend
        self.single_resize = single_resize

    @cache_randomness
    def rand_crop_params(self) -> tuple[int, int, int]:
        """Draw a crop.

        Returns:
            tuple[int, int, int]: Its side, top and left, in pixels.
        """
        side = int(np.random.choice(self.crop_sizes))
        top, left = np.random.randint(0, self.resize - side + 1, 2).tolist()
        return side, top, left

    def transform(self, results: dict) -> dict:
        """Crop ``results['img']``.

        Args:
            results (dict): With ``img`` of shape (H, W) or (H, W, channels),
                and maybe ``gt_bboxes``, x1, y1, x2, y2 in pixels, (M, 4).

        Returns:
            dict: The same, with ``img`` of shape (size, size[, channels]).
        """
        side, top, left = self.rand_crop_params()
        if 'gt_bboxes' in results:
            results['gt_bboxes'] = self._move_boxes(
                results['gt_bboxes'], results['img'].shape, side, top, left
            )
        take = self._cut_part if self.single_resize else self._resize_part
        img = take(results['img'], side, top, left)
        img = self._resize(img, self.size, self.size)
        results['img'] = lay_out_planes(img)
        results['img_shape'] = (self.size, self.size)
        return results

    def _move_boxes(
        self,
        boxes: np.ndarray,
        shape: tuple[int, ...],
        side: int,
        top: int,
        left: int,
    ) -> np.ndarray:
        """Boxes of the image, (M, 4), in the crop."""
        size = np.tile(shape[1::-1], 2)
        moved = boxes * self.resize / size - np.tile((left, top), 2)
        return (
            (moved * self.size / side).clip(0, self.size).astype(boxes.dtype)
        )

    def _cut_part(
        self, img: np.ndarray, side: int, top: int, left: int
    ) -> np.ndarray:
        """Return the pixels of the image that make the crop."""
        spans = []
        for start, length in zip((top, left), img.shape[:2], strict=True):
            first, end = (
                round(edge * length / self.resize)
                for edge in (start, start + side)
            )
            first = min(first, length - 1)
            spans.append(slice(first, max(end, first + 1)))
        return img[tuple(spans)]

    def _resize_part(
        self, img: np.ndarray, side: int, top: int, left: int
    ) -> np.ndarray:
        """Resize the whole image, and return the crop.

        Only a region around the crop is computed. The crop is the same,
        but for rounding where Pillow, on tall images, picks the order of its
        two passes by their sizes.
        """
        height, width = img.shape[:2]
        rows, y, y_size = self._span(top, side, height)
        columns, x, x_size = self._span(left, side, width)
        img = self._resize(img[rows, columns], y_size, x_size)
        top, left = top - y, left - x
        return img[top : top + side, left : left + side]

    def _span(
        self, start: int, side: int, length: int
    ) -> tuple[slice, int, int]:
        """Return what to resize along an axis to know a part of the result.

        Cutting keeps the pixels where the grids of image and result meet:
        every ``length / gcd`` and every ``resize / gcd`` pixels.

        Args:
            start (int): Where the part begins in the result, in pixels.
            side (int): Pixels of the part.
            length (int): Pixels of the image.

        Returns:
            tuple[slice, int, int]: Which pixels of the image; where in the
            result they begin; how many pixels they become.
        """
        common = math.gcd(length, self.resize)
        source, target = length // common, self.resize // common
        # Pixels of the image that the kernel reaches, in the result's.
        margin = math.ceil(_REACH * max(1, self.resize / length))
        first = max(0, (start - margin) // target)
        last = min(common, -(-(start + side + margin) // target))
        pixels = slice(first * source, last * source)
        return pixels, first * target, (last - first) * target

    def _resize(self, img: np.ndarray, height: int, width: int) -> np.ndarray:
        return resize_pixels(
            img, height, width, self.interpolation, self.backend
        )

    def __repr__(self) -> str:
        """Show the arguments."""
        return (
            f'{type(self).__name__}(resize={self.resize}, '
            f'crop_sizes={self.crop_sizes}, size={self.size}, '
            f'interpolation={self.interpolation!r}, '
            f'backend={self.backend!r}, '
            f'single_resize={self.single_resize})'
        )
