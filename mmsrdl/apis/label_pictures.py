"""Pictures of images with their predicted labels."""

import os
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mmsrdl.visualization.fonts import fit_fonts
from mmsrdl.visualization.text_width import shorten

from .image_inputs import Image
from .image_loading import LoadedImage
from .picture_folder import PictureFolder

_DPI = 100
_SIDE = 800  # pixels, longer side of the image; below, too, all are pixels
_PANEL, _ROW, _MARGIN = 320, 50, 16  # width of the labels, height of one
_BAR, _GAP = 6, 4  # height of a bar, space to the text above it
_ROWS = 12  # most labels that are drawn
_COLUMNS = 24  # characters of a name that fit beside its score
_COLOR, _TRACK = '#2563a8', '#e6e9ee'


class LabelPictures(PictureFolder):
    """A folder of images with their labels and scores beside them, as PNG.

    Args:
        folder (str | PathLike): Made if need be.
        read (Callable): Reads an image again, as those of a whole batch
            could fill the memory: gives a dict with ``img``, BGR.
    """

    def __init__(
        self, folder: str | os.PathLike, read: Callable[[Image], dict]
    ) -> None:
        super().__init__(folder)
        self._read = read

    def save(self, image: LoadedImage, result: dict) -> None:
        """Save the next image with its labels, unless it was bad.

        Args:
            image (LoadedImage): The image.
            result (dict): The inferencer's, with ``pred_classes`` and
                ``pred_scores``.
        """
        path = self.next_path(image.source)
        if image.packed is None:
            return
        figure = draw_labels(
            self._read(image.source)['img'][..., ::-1],
            result['pred_classes'],
            result['pred_scores'],
        )
        figure.savefig(
            path,
            # Stronger compression takes longer than all the rest.
            pil_kwargs=dict(compress_level=1),
        )


def draw_labels(
    image: np.ndarray, names: Sequence[str], scores: Sequence[float]
) -> Figure:
    """Draw an image and, beside it, its labels with a bar for each score.

    Args:
        image (np.ndarray): RGB, (H, W, 3) uint8.
        names (Sequence[str]): Of K labels, best first; K may be 0.
        scores (Sequence[float]): K scores in [0, 1].

    Returns:
        Figure: Not more than a dozen labels; how many more there are is
        said.
    """
    image = _resize(image)
    rows = min(len(names), _ROWS) + (len(names) > _ROWS or not names)
    left = image.shape[1] + 2 * _MARGIN
    width = left + _PANEL + _MARGIN
    height = max(image.shape[0], rows * _ROW) + 2 * _MARGIN
    # Without axes, whose making takes longer than all that is drawn here.
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
    figure.figimage(image, _MARGIN, height - _MARGIN - image.shape[0])

    def write(row: int, text: str, x: int = left, **style) -> None:
        y = height - _MARGIN - (row + 1) * _ROW + 2 * _BAR + _GAP
        style = dict(va='bottom', fontsize=13, parse_math=False) | style
        figure.text(x / width, y / height, text, **style)

    def draw_bar(row: int, share: float, color: str) -> None:
        y = height - _MARGIN - (row + 1) * _ROW + _BAR
        figure.add_artist(
            Rectangle(
                (left / width, y / height),
                share * _PANEL / width,
                _BAR / height,
                color=color,
                lw=0,
            )
        )

    shown = zip(names[:_ROWS], scores[:_ROWS], strict=True)
    for row, (name, score) in enumerate(shown):
        write(row, shorten(name, _COLUMNS))
        write(row, f'{score:.2f}', left + _PANEL, ha='right', fontsize=11)
        draw_bar(row, 1, _TRACK)
        draw_bar(row, score, _COLOR)
    if not names:
        write(0, 'no label', color='0.4')
    elif len(names) > _ROWS:
        write(_ROWS, f'and {len(names) - _ROWS} more', color='0.4')
    return fit_fonts(figure)


def _resize(image: np.ndarray) -> np.ndarray:
    """Bring an image to the size at which it is drawn."""
    height, width = image.shape[:2]
    scale = _SIDE / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, size, interpolation=method)
