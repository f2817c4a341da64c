"""Heat maps of a number for each pair of labels."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from .fonts import fit_fonts
from .text_width import shorten_names, text_columns

_DPI = 130
_WRITTEN = 30
"""Most labels for which the numbers are written into the cells."""


def plot_label_matrix(
    values: np.ndarray,
    names: Sequence[str],
    title: str,
    legend: str,
    norm: Normalize,
    ticks: Sequence[float],
    bars: np.ndarray | None = None,
    bar_title: str = 'images',
    cmap: str = 'GnBu',
    signed: bool = False,
) -> Figure:
    """Draw a heat map of shares, one row and one column for each label.

    Args:
        values (np.ndarray): ``(C, C)``, shares; NaN cells are grey. Up to 30
            labels, they are written into the cells in percent.
        names (Sequence[str]): C names.
        title (str): A line or two above the map.
        legend (str): What the colours mean.
        norm (Normalize): From values to colours.
        ticks (Sequence[float]): Values that the legend names.
        bars (np.ndarray, optional): ``(C,)`` counts, drawn as bars beside
            the rows on a logarithmic scale. Defaults to None.
        bar_title (str): What they count. Defaults to ``'images'``.
        cmap (str): Colour map. Defaults to ``'GnBu'``.
        signed (bool): Whether percents have a sign. Defaults to False.

    Returns:
        Figure: To be saved by its ``savefig``; every name can be read at
        full size.
    """
    names, count = shorten_names(names), len(names)
    cell = np.interp(count, (20, 80, 200), (0.34, 0.17, 0.1))  # inches
    font = min(9, 72 * cell * 0.8)
    # Inches around the map: names, titles, and the bars on the right.
    left = top = 0.25 + max(map(text_columns, names)) * font * 0.58 / 72
    side, bottom = count * cell, 0.9
    bar_width = 0 if bars is None else min(1 + 0.02 * count, 3)
    gap, head = 0.15, 0.55
    legend_width = float(np.clip(side, 2.5, 3.5))  # its ticks need 2.5
    longest = max(map(text_columns, title.split('\n')))
    width = max(
        left + max(side + gap + bar_width, legend_width) + 0.3,
        0.2 + longest * 10 * 0.58 / 72,
    )
    height = bottom + side + top + head
    figure = Figure((width, height), dpi=_DPI)
    panel = figure.add_axes(
        (left / width, bottom / height, side / width, side / height)
    )
    image = panel.imshow(
        np.ma.masked_invalid(values),
        cmap=cmap,
        norm=norm,
        interpolation='nearest',
        aspect='auto',
    )
    panel.set_facecolor('0.85')
    text = dict(fontsize=font, parse_math=False)
    panel.set_xticks(range(count), names, rotation=90, **text)
    panel.set_yticks(range(count), names, **text)
    panel.xaxis.tick_top()
    panel.tick_params(length=0, pad=2)
    if count <= _WRITTEN:
        _write_percents(panel, values, image.to_rgba, signed)
    _draw_grid(panel, count)

    if bars is not None:
        bar_panel = figure.add_axes(
            (
                (left + side + gap) / width,
                bottom / height,
                bar_width / width,
                side / height,
            ),
            sharey=panel,
        )
        _draw_bars(bar_panel, bars, bar_title)

    legend_panel = figure.add_axes(
        (left / width, 0.5 / height, legend_width / width, 0.13 / height)
    )
    sign = '+' if signed else ''
    figure.colorbar(
        image,
        cax=legend_panel,
        orientation='horizontal',
        ticks=ticks,
        format=lambda value, _: f'{100 * value:{sign if value else ""}.3g} %',
    )
    legend_panel.tick_params(labelsize=8)
    legend_panel.set_xlabel(legend, fontsize=8)
    figure.text(
        0.1 / width,
        1 - 0.15 / height,
        title,
        va='top',
        fontsize=10,
        linespacing=1.5,
        parse_math=False,
    )
    return fit_fonts(figure)


def _write_percents(
    panel: Axes, values: np.ndarray, to_rgba, signed: bool
) -> None:
    for (row, column), value in np.ndenumerate(np.nan_to_num(values)):
        percent = f'{100 * value:{"+" if signed else ""}.0f}'
        if percent.strip('+-') != '0':
            red, green, blue, _ = to_rgba(value)
            is_dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.6
            panel.text(
                column,
                row,
                percent,
                ha='center',
                va='center',
                fontsize=7,
                color='white' if is_dark else '0.25',
            )


def _draw_grid(panel: Axes, count: int) -> None:
    panel.set_xticks(np.arange(count + 1) - 0.5, minor=True)
    panel.set_yticks(np.arange(count + 1) - 0.5, minor=True)
    panel.grid(which='minor', color='white', linewidth=min(0.8, 24 / count))
    panel.tick_params(which='minor', length=0)
    panel.spines[:].set_visible(False)


def _draw_bars(panel: Axes, bars: np.ndarray, title: str) -> None:
    panel.barh(range(len(bars)), bars, color='#7bccc4', height=0.8)
    # Before the scale, which would look for a bar that is not 0.
    panel.set_xlim(0.8, max(10, 1.2 * bars.max()))
    panel.set_xscale('log')
    panel.tick_params(axis='y', which='both', length=0, labelleft=False)
    panel.tick_params(axis='x', labelsize=8)
    panel.set_title(title, fontsize=9)
    panel.spines[['top', 'right', 'left']].set_visible(False)
