"""Figures of pictures of one size, each with a title."""

import math
import textwrap
from collections.abc import Sequence

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .text_width import text_columns

_SIDE, _GAP = 2.4, 0.12  # inches: side of a square picture, space between
_WIDTH = 12.7  # inches, of a figure
_LONGEST = 3  # times the side, of long pictures
_FONT_SIZE = 11  # points
_DPI = 150
_FEWEST = 40  # pixels of a side


def resample(image: np.ndarray, size: tuple[float, float]) -> np.ndarray:
    """Give an image as many pixels as a panel can use.

    Args:
        image (np.ndarray): ``(H, W, 3)`` uint8.
        size (tuple[float, float]): Height and width of the panel in inches.

    Returns:
        np.ndarray: At most two pixels per dot of the panel, and enough for a
        map to be seen over an image of a few pixels.
    """
    sides = []
    for side, inches in zip(image.shape[:2], size, strict=True):
        most = max(_FEWEST, round(2 * inches * _DPI))
        sides.append(min(max(side, _FEWEST), most))
    if sides == list(image.shape[:2]):
        return image
    return cv2.resize(image, sides[::-1], interpolation=cv2.INTER_AREA)


def panel_size(
    shape: tuple[int, ...], least_columns: int = 1
) -> tuple[float, float]:
    """Choose the size of the panels for pictures of a shape.

    Pictures have the same area, unless they are very long or wide.

    Args:
        shape (tuple[int, ...]): ``(H, W, ...)`` of the pictures, in pixels.
        least_columns (int): Panels that fit in a row. Defaults to 1.

    Returns:
        tuple[float, float]: Height and width in inches.
    """
    height, width = shape[:2]
    widest = (_WIDTH - _GAP) / least_columns - _GAP
    scale = min(
        _SIDE / (height * width) ** 0.5,
        _LONGEST * _SIDE / max(height, width),
        widest / width,
    )
    return height * scale, width * scale


def cell_width(size: tuple[float, float]) -> float:
    """Inches that a panel takes, as a narrow one still needs a title."""
    return max(size[1], 0.6 * _SIDE)


def choose_columns(
    count: int, size: tuple[float, float], taken: int = 0
) -> int:
    """How many of ``count`` panels stand in a row, so that all are as full.

    Args:
        count (int): At least 1.
        size (tuple[float, float]): Height and width of a panel in inches.
        taken (int): Places of each row that are needed for other things.
            Defaults to 0.
    """
    # A little more than the width, for what rounding takes.
    fitting = int((_WIDTH - _GAP + 1e-6) / (cell_width(size) + _GAP)) - taken
    rows = math.ceil(count / max(1, fitting))
    return math.ceil(count / rows)


def lay_out(
    titles: Sequence[str | None],
    size: tuple[float, float],
    columns: int,
    *,
    left: float = 0,
    bottom: float = 0,
    least_height: float = 0,
) -> tuple[Figure, list[Axes | None]]:
    """Make a figure of empty panels, row by row.

    Args:
        titles (Sequence[str | None]): Of each panel, the name of what it
            shows and, after the last space, a score, which is never cut off.
            None leaves a place free.
        size (tuple[float, float]): Height and width of the panels, inches.
        columns (int): Panels in a row.
        left (float): Inches of margin on the left. Defaults to 0.
        bottom (float): Inches of margin below. Defaults to 0.
        least_height (float): Inches that a row has at least, without its
            titles. Defaults to 0.

    Returns:
        tuple[Figure, list[Axes | None]]: The figure, and for each title a
        panel.
    """
    height, width = size
    cell, row_height = cell_width(size), max(height, least_height)
    columns = min(len(titles), columns)
    titles = [title and _wrap(title, cell) for title in titles]
    rows = [titles[i : i + columns] for i in range(0, len(titles), columns)]
    above = [
        0.2 * max(t.count('\n') + 1 for t in row if t) + 0.1 for row in rows
    ]
    total_width = left + columns * (cell + _GAP) + _GAP
    total_height = sum(above) + len(rows) * row_height + _GAP + bottom
    figure = Figure((total_width, total_height), dpi=_DPI, facecolor='white')
    panels = []
    top = total_height
    for row, space in zip(rows, above, strict=True):
        top -= space
        for column, title in enumerate(row):
            if title is None:
                panels.append(None)
                continue
            x = left + _GAP + column * (cell + _GAP) + (cell - width) / 2
            place = np.array([x, top - height, width, height])
            panel = figure.add_axes(place / ([total_width, total_height] * 2))
            panel.set_axis_off()
            panel.set(xticks=[], yticks=[])  # making them takes a while
            panel.set_title(
                title, fontsize=_FONT_SIZE, pad=4, parse_math=False
            )
            panels.append(panel)
        top -= row_height
    return figure, panels


def _wrap(title: str, inches: float) -> str:
    """Break a title; a name is cut after two lines, a score never."""
    width = inches * 72 / (0.6 * _FONT_SIZE)
    wide = text_columns(title) - len(title)
    width = int(width * len(title) / (len(title) + 0.7 * wide))
    name, _, score = title.rpartition(' ')
    lines = textwrap.wrap(name, width, max_lines=2, placeholder=' …')
    if lines and len(lines[-1]) + 1 + len(score) <= width:
        score = f'{lines.pop()} {score}'
    return '\n'.join([*lines, score])
