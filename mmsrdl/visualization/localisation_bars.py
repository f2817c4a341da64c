"""Bars of how well models locate the classes."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from .attention_comparison import MODEL_COLORS
from .fonts import fit_fonts
from .row_panels import dress_panel, name_rows
from .text_width import shorten_names

_ROW = 0.16  # inches of a bar
_TITLES = {
    'pointing': 'pointing: labels whose map\npeaks in a box of the class',
    'energy': 'energy: share of the map\nin the boxes of the class',
}


def plot_localisation(
    classes: Sequence[str],
    models: Mapping[str, Mapping[str, Sequence[float | None]]],
) -> Figure:
    """Draw hits of the pointing game and energy in boxes of each class.

    A stroke across a bar is what a map without any information would get:
    the area of the boxes.

    Args:
        classes (Sequence[str]): C names.
        models (Mapping[str, Mapping]): Name of each model, up to four, to
            its :func:`~mmsrdl.evaluation.localisation_columns`. Classes
            without a label for any model are left out; the others are in the
            order of the hits of the first one.

    Returns:
        Figure: To be saved by its ``savefig``.

    Raises:
        ValueError: If there is no label, or no model or too many.
    """
    if not 1 <= len(models) <= len(MODEL_COLORS):
        raise ValueError(
            f'One to {len(MODEL_COLORS)} models can be drawn, not '
            f'{len(models)}.'
        )
    columns = list(models.values())
    rows = [
        row
        for row in range(len(classes))
        if any(column['labels'][row] for column in columns)
    ]
    if not rows:
        raise ValueError('No class has a label to draw.')
    rows.sort(key=lambda row: -(columns[0]['pointing'][row] or 0))
    names = shorten_names([classes[row] for row in rows])

    space = 0.12  # inches between classes
    height = len(rows) * (len(models) * _ROW + space)
    figure = Figure((10, height + 1.5), dpi=150, layout='constrained')
    figure.get_layout_engine().set(w_pad=0.12)
    panels = figure.subplots(1, len(_TITLES), sharey=True)
    bar = 1 / (len(models) + space / _ROW)
    for panel, (heading, text) in zip(panels, _TITLES.items(), strict=True):
        for index, (name, color) in enumerate(
            zip(models, MODEL_COLORS, strict=False)
        ):
            values = _take(models[name][heading], rows)
            chances = _take(models[name]['area'], rows)
            y = [place + (index + 0.5) * bar for place in range(len(rows))]
            panel.barh(y, values, bar * 0.9, color=color, label=name)
            lower = [place - bar * 0.45 for place in y]
            upper = [place + bar * 0.45 for place in y]
            panel.vlines(
                chances,
                lower,
                upper,
                color='black',
                linewidth=1.6,
                label='by chance' if index == len(models) - 1 else None,
            )
        dress_panel(panel, text)
        panel.set_xlim(0, 100)
        panel.xaxis.set_major_formatter(PercentFormatter())
        panel.tick_params(axis='x', labeltop=len(rows) > 30)
    middle = bar * len(models) / 2
    name_rows(panels[0], names, [row + middle for row in range(len(rows))])
    panels[0].set_ylim(len(rows) - 0.5 * bar, -0.5 * bar)
    panels[1].tick_params(axis='y', length=0)
    chance, *bars = panels[0].get_legend_handles_labels()[0]
    figure.legend(
        handles=[*bars, chance],
        loc='outside upper center',
        ncols=len(bars) + 1,
        frameon=False,
        fontsize=9,
    )
    return fit_fonts(figure)


def _take(values: Sequence[float | None], rows: Sequence[int]) -> list[float]:
    """Values of rows; not a number, which is not drawn, for none."""
    return [math.nan if values[row] is None else values[row] for row in rows]
