"""A folder for pictures that are made of images."""

import os
from collections.abc import Iterable
from pathlib import Path

from .image_inputs import Image


class PictureFolder:
    """Names the pictures that are made of images, one after the other.

    Files are named as the images, with the position added where two have the
    same name, and those of arrays by their position.

    Args:
        folder (str | PathLike): Made if need be.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._names = set()
        self._count = 0

    def check(self, images: Iterable[Image]) -> None:
        """Make sure that no picture can overwrite an image.

        Args:
            images (Iterable[Image]): Paths and arrays.

        Raises:
            ValueError: If one comes from the folder of the pictures.
        """
        parents = {os.path.dirname(p) for p in images if isinstance(p, str)}
        if self.folder.resolve() in {Path(p).resolve() for p in parents}:
            raise ValueError(
                f'{str(self.folder)!r} holds inputs, which the pictures '
                'could overwrite: name another folder.'
            )

    def next_path(self, source: Image) -> Path:
        """Name the picture of the next image.

        Args:
            source (str | np.ndarray): Path of the image, or an array.

        Returns:
            Path: ``folder/NAME.png``.
        """
        position, self._count = self._count, self._count + 1
        name = Path(source).stem if isinstance(source, str) else str(position)
        while name in self._names:
            name = f'{name}_{position}'
        self._names.add(name)
        return self.folder / f'{name}.png'
