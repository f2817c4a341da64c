"""Images side by side, with what was missed and what was false."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .class_changes import AFTER, BEFORE
from .fonts import fit_fonts
from .text_width import shorten, text_columns

_CELL, _PICTURE, _LINE, _GAP = 2.9, 2.2, 0.165, 0.15  # inches
_FONT_SIZE = 8.5  # points
_LINES = 6  # of labels, under a picture
_DPI = 110


class SheetImage(NamedTuple):
    """An image of a contact sheet.

    Attributes:
        title (str): Its name.
        image (np.ndarray | None): RGB, ``(H, W, 3)`` uint8, or None if it
            could not be read.
        missed (Sequence[str]): Labels, with their scores, that are present
            and not predicted.
        false (Sequence[str]): Those that are predicted and not present.
        right (Sequence[str]): Those that are both.
    """

    title: str
    image: np.ndarray | None
    missed: Sequence[str]
    false: Sequence[str]
    right: Sequence[str]


def plot_contact_sheet(
    images: Sequence[SheetImage], columns: int = 4
) -> Figure:
    """Draw images with their labels below.

    Args:
        images (Sequence[SheetImage]): At least one.
        columns (int): Images in a row. Defaults to 4.

    Returns:
        Figure: To be saved by its ``savefig``.
    """
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    texts = [_lines(entry) for entry in images]
    head, foot = 0.25, 0.4
    room = int(_CELL * 72 / (0.7 * _FONT_SIZE))  # columns, in bold
    heights = [
        head
        + _PICTURE
        + _LINE * max(map(len, texts[row * columns :][:columns]))
        + 2 * _GAP
        for row in range(rows)
    ]
    width = columns * (_CELL + _GAP) + _GAP
    height = sum(heights) + foot
    figure = Figure((width, height), dpi=_DPI, facecolor='white')
    for index, (entry, lines) in enumerate(zip(images, texts, strict=True)):
        row, column = divmod(index, columns)
        x = _GAP + column * (_CELL + _GAP)
        y = height - foot - sum(heights[:row])
        figure.text(
            x / width,
            (y - 0.02) / height,
            shorten(entry.title, room),
            va='top',
            fontsize=_FONT_SIZE,
            weight='bold',
            parse_math=False,
        )
        panel = figure.add_axes(
            (
                x / width,
                (y - head - _PICTURE) / height,
                _CELL / width,
                _PICTURE / height,
            )
        )
        panel.set_axis_off()
        panel.set_anchor('SW')
        _show(panel, entry.image)
        for i, (line, color) in enumerate(lines):
            figure.text(
                x / width,
                (y - head - _PICTURE - 0.06 - i * _LINE) / height,
                line,
                va='top',
                color=color,
                fontsize=_FONT_SIZE,
                parse_math=False,
            )
    for x, word, color in (
        (_GAP, 'missed', AFTER),
        (_GAP + 0.75, 'false', BEFORE),
        (_GAP + 1.3, 'right', '0.4'),
    ):
        figure.text(
            x / width, 1 - 0.12 / height, word, color=color, va='top', size=10
        )
    return fit_fonts(figure)


def _show(panel, image: np.ndarray | None) -> None:
    if image is not None:
        panel.imshow(image)
        return
    panel.add_patch(
        Rectangle((0, 0), 1, 1, color='0.92', transform=panel.transAxes)
    )
    panel.text(
        *(0.5, 0.5, 'the image is not here'),
        ha='center',
        va='center',
        color='0.4',
        fontsize=_FONT_SIZE,
        transform=panel.transAxes,
    )


def _lines(entry: SheetImage) -> list[tuple[str, str]]:
    """Lines of labels with their colours, not too many."""
    room = int(_CELL * 72 / (0.58 * _FONT_SIZE))
    lines = [
        (line, color)
        for labels, color in (
            (entry.missed, AFTER),
            (entry.false, BEFORE),
            (entry.right, '0.4'),
        )
        for line in _fill(labels, room)
    ]
    rest = len(lines) - _LINES
    if rest > 0:
        lines[_LINES - 1 :] = [(f'… and {rest + 1} lines more', '0.4')]
    return lines


def _fill(labels: Sequence[str], room: int) -> list[str]:
    """Join labels to lines; a long name is cut, its score never."""
    lines = []
    for label in labels:
        name, _, score = label.rpartition(' ')
        label = f'{shorten(name, room - len(score) - 1)} {score}'
        joined = f'{lines[-1]}, {label}' if lines else label
        if lines and text_columns(joined) <= room:
            lines[-1] = joined
        else:
            lines.append(label)
    return lines
