"""What an inferencer takes for images."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torchvision.datasets.folder import IMG_EXTENSIONS

Image = str | os.PathLike | np.ndarray


def list_images(inputs: Image | Sequence[Image]) -> list[Image]:
    """List images; a folder stands for the images in it, by name.

    Args:
        inputs (str | PathLike | np.ndarray | Sequence): An image, a folder,
            or several of them.

    Returns:
        list: Paths, as strings, and arrays.

    Raises:
        FileNotFoundError: If a folder holds no image.
    """
    if not isinstance(inputs, list | tuple):
        inputs = [inputs]
    images = []
    for item in inputs:
        if not isinstance(item, str | os.PathLike):
            images.append(item)
        elif os.path.isdir(item):
            images += _list_folder(Path(item))
        else:
            images.append(os.fspath(item))
    return images


def _list_folder(folder: Path) -> list[str]:
    found = [
        str(path)
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in IMG_EXTENSIONS
    ]
    if not found:
        raise FileNotFoundError(
            f'The folder {str(folder)!r} holds no image, no file that ends '
            f'in {", ".join(IMG_EXTENSIONS)}.'
        )
    return found


def to_bgr(array: np.ndarray) -> np.ndarray:
    """Bring an array to three channels.

    Args:
        array (np.ndarray): uint8 (H, W, 3), (H, W, 4) or (H, W), in the
            channel order of OpenCV: blue, green, red, opacity.

    Returns:
        np.ndarray: (H, W, 3), opacity left out.

    Raises:
        ValueError: If it is no such array.
    """
    if not isinstance(array, np.ndarray):
        kind = type(array).__name__
        raise ValueError(f'an image is a path or an array, not a {kind}')
    if array.dtype != np.uint8:
        raise ValueError(f'an array must be uint8, not {array.dtype}')
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] not in (3, 4) or not array.size:
        raise ValueError(f'an array must be (H, W, 3), not {array.shape}')
    return array[..., :3]
