"""The strongest edges of a graph of labels."""

from collections.abc import Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.ticker import MaxNLocator

from .cooccurrence_map import ORDERS
from .fonts import fit_fonts
from .text_width import shorten_names, text_columns

_DPI = 130
_CMAP = 'YlGnBu'


def plot_label_graph(
    names: Sequence[str],
    weights: np.ndarray,
    num_edges: int,
    title: str = '',
) -> Figure:
    """Draw labels on a circle, and arrows for the strongest edges.

    An arrow leads from label j to label i if i takes much from j. A label's
    weight for itself is not drawn. Labels that are connected strongly stand
    close together.

    Args:
        names (Sequence[str]): C names, at least 2.
        weights (np.ndarray): ``(C, C)``, what label i (row) takes from label
            j (column); by their size, whatever the sign.
        num_edges (int): How many edges are drawn.
        title (str): A line or two above. Defaults to ``''``.

    Returns:
        Figure: To be saved by its ``savefig``.
    """
    names = shorten_names(names)
    strength = np.abs(weights)
    strength = strength * (1 - np.eye(len(names)))
    links = strength + strength.T + np.eye(len(names))
    order = ORDERS['similarity'](links)
    place = np.empty(len(names), int)
    place[order] = np.arange(len(names))
    angles = np.pi / 2 - 2 * np.pi * place / len(names)

    font = np.interp(len(names), (20, 80, 200), (10, 8, 5))
    # A circle on which names do not meet, and room for them around it.
    radius = max(1.5, len(names) * font * 1.35 / 72 / (2 * np.pi))
    room = 0.3 + max(map(text_columns, names)) * font * 0.6 / 72
    side = 2 * (radius + room)
    head, foot = 0.65, 0.75
    height = side + head + foot
    figure = Figure((side, height), dpi=_DPI)
    panel = figure.add_axes((0, foot / height, 1, side / height))
    panel.set_xlim(-side / 2, side / 2)
    panel.set_ylim(-side / 2, side / 2)
    panel.set_axis_off()
    points = radius * np.stack([np.cos(angles), np.sin(angles)], 1)

    flat = np.argsort(-strength, axis=None, kind='stable')[:num_edges]
    pairs = [
        (i, j)
        for i, j in zip(*np.unravel_index(flat, strength.shape), strict=True)
        if strength[i, j] > 0
    ]
    drawn = [strength[pair] for pair in pairs] or [0, 1]
    # Colours start above white, which would not be seen.
    low, high = min(drawn), max(drawn)
    span = (high - low) or high or 1
    norm = Normalize(low - 0.45 * span, high)
    mappable = ScalarMappable(norm, _CMAP)
    for i, j in pairs[::-1]:
        share = (strength[i, j] - low) / span
        panel.add_patch(
            FancyArrowPatch(
                0.985 * points[j],
                0.985 * points[i],
                arrowstyle='-|>',
                mutation_scale=7 + 4 * share,
                connectionstyle=f'arc3,rad={_bend(angles[i], angles[j])}',
                lw=0.8 + 2 * share,
                color=mappable.to_rgba(strength[i, j]),
                shrinkA=0,
                shrinkB=0,
            )
        )
    linked = {label for pair in pairs for label in pair}
    for label, name in enumerate(names):
        x, y = 1.035 * points[label]
        degrees = np.degrees(angles[label]) % 360
        is_left = 90 < degrees < 270
        panel.plot(*points[label], 'o', ms=3.5, color='0.3')
        panel.text(
            x,
            y,
            name,
            rotation=degrees - 180 * is_left,
            rotation_mode='anchor',
            ha='right' if is_left else 'left',
            va='center',
            fontsize=font,
            color='0.1' if label in linked else '0.55',
            parse_math=False,
        )
    figure.text(
        0.15 / side,
        1 - 0.12 / height,
        title,
        va='top',
        fontsize=10,
        linespacing=1.5,
        parse_math=False,
    )
    legend = figure.add_axes(
        (0.3 / side, 0.45 / height, min(3, side - 0.6) / side, 0.12 / height)
    )
    figure.colorbar(
        mappable,
        cax=legend,
        orientation='horizontal',
        ticks=MaxNLocator(5),
    )
    legend.set_xlim(low, high if high > low else low + span)
    legend.tick_params(labelsize=8)
    legend.set_xlabel(f'weight, of the {len(pairs)} strongest', fontsize=8)
    return fit_fonts(figure)


def _bend(target: float, source: float) -> float:
    """Bend towards the middle of the circle, the more the closer they are."""
    turn = (target - source + np.pi) % (2 * np.pi) - np.pi
    return float(-np.sign(turn) * np.interp(abs(turn), (0, np.pi), (0.6, 0)))
