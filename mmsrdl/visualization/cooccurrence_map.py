"""Heat maps of which labels occur together."""

from itertools import product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from mmsrdl.structures import LabelCooccurrence

_COLORS = 'GnBu'
_DPI = 130


def plot_cooccurrence(
    statistics: LabelCooccurrence, order: str = 'similarity'
) -> Figure:
    """Draw the conditional probabilities P(j|i) of all pairs of labels.

    Row i is the label that an image shows, column j the other one. Bars
    beside the rows count the images of each label. Colours grow with the
    square root, as most probabilities are small; the diagonal, 1 by
    definition, is grey.

    Args:
        statistics (LabelCooccurrence): C labels; up to 30, the
            probabilities are written into the cells in percent.
        order (str): ``'similarity'`` puts labels that occur together side by
            side, ``'given'`` keeps the order of the classes, and
            ``'frequency'`` begins with the most frequent. Defaults to
            ``'similarity'``.

    Returns:
        Figure: To be saved by its ``savefig``; every name can be read at
        full size.

    Raises:
        ValueError: If ``order`` is unknown.
    """
    if order not in ORDERS:
        raise ValueError(f'order must be one of {[*ORDERS]}, got {order!r}.')
    rows = ORDERS[order](statistics.counts)
    names = [statistics.names[row] for row in rows]
    shown = statistics.align(names)
    chances = shown.conditional()
    np.fill_diagonal(chances, np.nan)

    count = len(names)
    cell = np.interp(count, (20, 80, 200), (0.34, 0.17, 0.1))  # inches
    font = min(9, 72 * cell * 0.8)
    # Inches around the map: names, titles, and the bars on the right.
    left = top = 0.25 + max(map(len, names)) * font * 0.58 / 72
    side, bars, bottom = count * cell, min(1 + 0.02 * count, 3), 0.9
    gap, head = 0.15, 0.55
    title = f'{statistics.num_images:,} images: {statistics.source}'
    legend_width = float(np.clip(side, 2.5, 3.5))  # its ticks need 2.5
    width = max(
        left + max(side + gap + bars, legend_width) + 0.3,
        0.2 + len(title) * 10 * 0.58 / 72,
    )
    height = bottom + side + top + head
    figure = Figure((width, height), dpi=_DPI)
    panel = figure.add_axes(
        (left / width, bottom / height, side / width, side / height)
    )
    image = panel.imshow(
        np.ma.masked_invalid(chances),
        cmap=_COLORS,
        norm=PowerNorm(0.5, 0, 1),
        interpolation='nearest',
        aspect='auto',
    )
    panel.set_facecolor('0.85')
    panel.set_xticks(range(count), names, rotation=90, fontsize=font)
    panel.set_yticks(range(count), names, fontsize=font)
    panel.xaxis.tick_top()
    panel.tick_params(length=0, pad=2)
    if count <= 30:
        _write_percents(panel, chances)
    _draw_grid(panel, count)

    bar_panel = figure.add_axes(
        (
            (left + side + gap) / width,
            bottom / height,
            bars / width,
            side / height,
        ),
        sharey=panel,
    )
    own = shown.counts.diagonal()
    bar_panel.barh(range(count), own, color='#7bccc4', height=0.8)
    bar_panel.set_xscale('log')
    bar_panel.set_xlim(left=0.8)
    bar_panel.tick_params(axis='y', which='both', length=0, labelleft=False)
    bar_panel.tick_params(axis='x', labelsize=8)
    bar_panel.set_title('images', fontsize=9)
    bar_panel.spines[['top', 'right', 'left']].set_visible(False)

    legend = figure.add_axes(
        (left / width, 0.5 / height, legend_width / width, 0.13 / height)
    )
    figure.colorbar(
        image,
        cax=legend,
        orientation='horizontal',
        ticks=[0, 0.05, 0.2, 0.5, 1],
        format=lambda value, _: f'{100 * value:.0f} %',
    )
    legend.tick_params(labelsize=8)
    legend.set_xlabel('share of the images of the row', fontsize=8)
    figure.text(
        0.1 / width,
        1 - 0.15 / height,
        f'P(column | row)\n{title}',
        va='top',
        fontsize=10,
        linespacing=1.5,
    )
    return figure


def _write_percents(panel: Axes, chances: np.ndarray) -> None:
    for (row, column), chance in np.ndenumerate(np.nan_to_num(chances)):
        percent = f'{100 * chance:.0f}'
        if percent != '0':
            panel.text(
                column,
                row,
                percent,
                ha='center',
                va='center',
                fontsize=7,
                color='white' if chance > 0.45 else '0.25',
            )


def _draw_grid(panel: Axes, count: int) -> None:
    panel.set_xticks(np.arange(count + 1) - 0.5, minor=True)
    panel.set_yticks(np.arange(count + 1) - 0.5, minor=True)
    panel.grid(which='minor', color='white', linewidth=min(0.8, 24 / count))
    panel.tick_params(which='minor', length=0)
    panel.spines[:].set_visible(False)


def _by_similarity(counts: np.ndarray) -> np.ndarray:
    """Order labels by average linkage, the more similar ends side by side.

    Two labels are as similar as the cosine of their columns of 0 and 1 over
    the images.
    """
    scale = np.sqrt(np.maximum(counts.diagonal(), 1))
    similar = counts / scale[:, None] / scale
    near = similar.copy()
    np.fill_diagonal(near, -1)
    groups = [[row] for row in range(len(counts))]
    for _ in groups[1:]:
        a, b = sorted(np.unravel_index(near.argmax(), near.shape))
        first, second = groups[a], groups[b]
        near[a] = len(first) * near[a] + len(second) * near[b]
        near[a] /= len(first) + len(second)
        near[:, a] = near[a]
        near[a, a] = near[b] = near[:, b] = -1
        pairs = product((first, first[::-1]), (second, second[::-1]))
        ends = max(pairs, key=lambda pair: similar[pair[0][-1], pair[1][0]])
        groups[a] = ends[0] + ends[1]
    return np.array(groups[0])


ORDERS = {
    'similarity': _by_similarity,
    'frequency': lambda counts: np.argsort(-counts.diagonal(), kind='stable'),
    'given': lambda counts: np.arange(len(counts)),
}
"""Ways to order labels, from the counts (C, C) to row numbers."""
