"""What an inferencer takes for images."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from torchvision.datasets.folder import IMG_EXTENSIONS

Image = str | os.PathLike | np.ndarray


def list_images(
    inputs: Image | Iterable[Image],
) -> list[Image] | Iterator[Image]:
    """List images; a folder stands for the images in it, by name.

    Args:
        inputs (str | PathLike | np.ndarray | Iterable): An image, a folder,
            or several of them.

    Returns:
        list | Iterator: Paths, as strings, and arrays. What can be gone
        through only once, such as a generator, is not gone through here: it
        gives an iterator.

    Raises:
        FileNotFoundError: If a folder holds no image.
    """
    if isinstance(inputs, Iterator):
        return _expand(inputs)
    is_path = isinstance(inputs, str | os.PathLike)
    is_array = hasattr(inputs, '__array__')
    if is_path or is_array or not isinstance(inputs, Iterable):
        inputs = [inputs]
    return list(_expand(inputs))


def _expand(inputs: Iterable[Image]) -> Iterator[Image]:
    for item in inputs:
        if not isinstance(item, str | os.PathLike):
            yield item
        elif os.path.isdir(item):
            yield from _list_folder(Path(item))
        else:
            yield os.fspath(item)


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
