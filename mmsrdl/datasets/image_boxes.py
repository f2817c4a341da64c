"""Boxes of the objects of an image."""

from typing import NamedTuple

import numpy as np


class ImageBoxes(NamedTuple):
    """Objects of one image.

    A data set that knows them returns them by a method ``get_boxes(idx)``.

    Attributes:
        boxes (np.ndarray): x1, y1, x2, y2 in units of the image's width and
            height, (M, 4), float32 in [0, 1].
        labels (np.ndarray): Class indices, (M,), int64.
        difficult (np.ndarray): Whether the object is difficult, or a crowd
            that has one box, (M,), bool.
    """

    boxes: np.ndarray
    labels: np.ndarray
    difficult: np.ndarray

    @classmethod
    def of(
        cls,
        corners: list[tuple[float, float, float, float]],
        labels: list[int],
        difficult: list[bool],
        size: tuple[float, float],
    ) -> 'ImageBoxes':
        """Make boxes from corners in pixels.

        Args:
            corners (list): M times x1, y1, x2, y2, where 0 is the left or
                upper border of the image.
            labels (list[int]): M class indices.
            difficult (list[bool]): M times whether it is difficult.
            size (tuple[float, float]): Width and height of the image.

        Raises:
            ValueError: If the size is not positive.
        """
        if min(size) <= 0:
            raise ValueError('the image size must be positive')
        boxes = np.array(corners, np.float64).reshape(-1, 4) / (*size, *size)
        return cls(
            boxes.clip(0, 1).astype(np.float32),
            np.array(labels, np.int64),
            np.array(difficult, bool),
        )
