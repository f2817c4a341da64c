"""One row per class, with a figure before and after."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .text_width import shorten_names, text_columns

BEFORE, AFTER = '#2563a8', '#d9480f'
"""Colours: of what a model gives, and of what is chosen or changed."""

ROW = 0.17  # inches


def name_width(classes: Sequence[str]) -> float:
    """Inches that class names take beside rows of :data:`ROW`."""
    return 0.2 + max(map(text_columns, shorten_names(classes))) * 8 * 0.6 / 72


def draw_changes(
    panel: Axes,
    classes: Sequence[str] | None,
    before: Sequence[float],
    after: Sequence[float],
) -> None:
    """Draw a line from a dot to another one in the row of each class.

    Args:
        panel (Axes): Gets C rows, the first at the top.
        classes (Sequence[str] | None): C names, or None to leave them out.
        before (Sequence[float]): C values; NaN draws nothing.
        after (Sequence[float]): C values.
    """
    rows = np.arange(len(before))
    panel.hlines(rows, before, after, color='0.75', lw=1.5, zorder=1)
    panel.scatter(before, rows, s=14, color=BEFORE, zorder=2, clip_on=False)
    panel.scatter(after, rows, s=14, color=AFTER, zorder=3, clip_on=False)
    panel.set_ylim(len(rows) - 0.4, -0.6)
    names = shorten_names(classes or [''] * len(rows))
    panel.set_yticks(rows, names, fontsize=8, parse_math=False)
    panel.tick_params(axis='y', length=0)
    panel.grid(axis='x', color='0.9')
    panel.set_axisbelow(True)
    panel.spines[['top', 'right', 'left']].set_visible(False)


def add_legend(figure: Figure, inches: float, before: str, after: str) -> None:
    """Say what the dots are, at the right edge.

    Args:
        figure (Figure): With panels of :func:`draw_changes`.
        inches (float): From the top.
        before (str): What the first dots are.
        after (str): What the second dots are.
    """
    dots = [
        Line2D([], [], marker='o', ls='', ms=4, color=color, label=label)
        for color, label in ((BEFORE, before), (AFTER, after))
    ]
    figure.legend(
        handles=dots,
        loc='upper right',
        bbox_to_anchor=(1, 1 - inches / figure.get_figheight()),
        ncols=2,
        frameon=False,
        fontsize=8,
        handletextpad=0,
    )


def add_panel(
    figure: Figure, left: float, top: float, width: float, height: float
) -> Axes:
    """Add a panel at a place in inches, from the upper left corner."""
    total_width, total_height = figure.get_size_inches()
    return figure.add_axes(
        (
            left / total_width,
            1 - (top + height) / total_height,
            width / total_width,
            height / total_height,
        )
    )
