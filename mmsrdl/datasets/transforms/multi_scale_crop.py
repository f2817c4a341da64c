"""Random square crops of several sizes."""

from collections.abc import Sequence

import mmcv
import numpy as np
from mmcv.image.geometric import cv2_interp_codes, pillow_interp_codes
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class MultiScaleCrop(BaseTransform):
    """Crop a square of random size, at a random place, from a square image.

    The image is resized to ``resize`` x ``resize`` whatever its aspect
    ratio, cropped, and resized to ``size`` x ``size`` (Pu et al., section
    4.2). Sizes and places are uniform.

    **Required Keys:**

    - img

    **Modified Keys:**

    - img
    - img_shape

    Args:
        resize (int): Side of the square to crop from, in pixels. Defaults
            to 512.
        crop_sizes (Sequence[int]): Sides that a crop may have. Defaults to
            ``(512, 448, 384, 320, 256)``.
        size (int): Side of the result. Defaults to 448.
        interpolation (str): As in :func:`mmcv.imresize`. Defaults to
            ``'bicubic'``.
        backend (str): ``'cv2'`` or ``'pillow'``; Pillow smooths when it
            shrinks an image. Defaults to ``'cv2'``.

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
    ) -> None:
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
        codes = {'cv2': cv2_interp_codes, 'pillow': pillow_interp_codes}
        if backend not in codes:
            raise ValueError(
                f"backend must be 'cv2' or 'pillow', got {backend!r}."
            )
        if interpolation not in codes[backend]:
            raise ValueError(
                f'interpolation must be one of {list(codes[backend])} with '
                f'backend {backend!r}, got {interpolation!r}.'
            )
        self.resize = resize
        self.crop_sizes = tuple(crop_sizes)
        self.size = size
        self.interpolation = interpolation
        self.backend = backend

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
            results (dict): With ``img`` of shape (H, W) or (H, W, channels).

        Returns:
            dict: The same, with ``img`` of shape (size, size[, channels]).
        """
        side, top, left = self.rand_crop_params()
        img = self._resize(results['img'], self.resize)
        img = img[top : top + side, left : left + side]
        results['img'] = self._resize(img, self.size)
        results['img_shape'] = (self.size, self.size)
        return results

    def _resize(self, img: np.ndarray, side: int) -> np.ndarray:
        channels = img.shape[2:]
        if channels == (1,):  # neither backend keeps or takes a last 1
            img = img[..., 0]
        img = mmcv.imresize(
            img,
            (side, side),
            interpolation=self.interpolation,
            backend=self.backend,
        )
        return img.reshape(side, side, *channels)

    def __repr__(self) -> str:
        """Show the arguments."""
        return (
            f'{type(self).__name__}(resize={self.resize}, '
            f'crop_sizes={self.crop_sizes}, size={self.size}, '
            f'interpolation={self.interpolation!r}, '
            f'backend={self.backend!r})'
        )
