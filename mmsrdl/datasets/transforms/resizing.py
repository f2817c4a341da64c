"""Resizing of images, shared by the crops."""

import cv2
import mmcv
import numpy as np
from mmcv.image.geometric import cv2_interp_codes, pillow_interp_codes

_INTERPOLATIONS = dict(cv2=cv2_interp_codes, pillow=pillow_interp_codes)


def check_interpolation(interpolation: str, backend: str) -> None:
    """Make sure that the backend knows the interpolation.

    Args:
        interpolation (str): As in :func:`mmcv.imresize`.
        backend (str): ``'cv2'`` or ``'pillow'``.

    Raises:
        ValueError: If it does not.
    """
    if backend not in _INTERPOLATIONS:
        raise ValueError(
            f"backend must be 'cv2' or 'pillow', got {backend!r}."
        )
    if interpolation not in _INTERPOLATIONS[backend]:
        raise ValueError(
            f'interpolation must be one of {list(_INTERPOLATIONS[backend])} '
            f'with backend {backend!r}, got {interpolation!r}.'
        )


def resize_pixels(
    img: np.ndarray, height: int, width: int, interpolation: str, backend: str
) -> np.ndarray:
    """Resize an image whatever its channels.

    Args:
        img (np.ndarray): (H, W) or (H, W, channels).
        height (int): That of the result.
        width (int): That of the result.
        interpolation (str): As in :func:`mmcv.imresize`.
        backend (str): ``'cv2'`` or ``'pillow'``.

    Returns:
        np.ndarray: (height, width[, channels]); the image itself if it has
        this size.
    """
    if img.shape[:2] == (height, width):
        return img
    channels = img.shape[2:]
    if channels == (1,):  # neither backend keeps or takes a last 1
        img = img[..., 0]
    img = mmcv.imresize(
        img, (width, height), interpolation=interpolation, backend=backend
    )
    return img.reshape(height, width, *channels)


def lay_out_planes(img: np.ndarray) -> np.ndarray:
    """Store an image by channels, of the same shape and values.

    ``PackInputs`` wants a plane per channel and spends longer on a copy of
    that layout than OpenCV; given a view of it, it copies nothing.

    Args:
        img (np.ndarray): (H, W) or (H, W, channels).

    Returns:
        np.ndarray: The same, in other memory if it has channels.
    """
    if img.ndim == 2:
        return img
    planes = np.empty((img.shape[2], *img.shape[:2]), img.dtype)
    cv2.split(img, list(planes))
    return planes.transpose(1, 2, 0)
