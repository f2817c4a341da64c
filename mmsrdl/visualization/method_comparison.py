"""Bars of what methods reach and what they cost."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from .attention_comparison import MODEL_COLORS
from .fonts import fit_fonts
from .row_panels import dress_panel, name_rows
from .text_width import shorten_names

_ROW = 0.3  # inches of a method


def plot_methods(
    names: Sequence[str],
    panels: Mapping[str, Sequence[float | None]],
    marks: Mapping[str, Sequence[float | None]],
) -> Figure:
    """Draw a panel of bars for each figure, and a row for each method.

    Args:
        names (Sequence[str]): M methods.
        panels (Mapping[str, Sequence]): Title of each figure to M values;
            for None there is no bar.
        marks (Mapping[str, Sequence]): What a stroke across the bars of the
            first panel stands for, to M values; up to one entry.

    Returns:
        Figure: To be saved by its ``savefig``.

    Raises:
        ValueError: If there is no method or no panel.
    """
    if not names or not panels:
        raise ValueError('There is no method or no figure to draw.')
    height = len(names) * _ROW + (1.2 if marks else 0.9)
    figure = Figure((10, height), dpi=150, layout='constrained')
    figure.get_layout_engine().set(w_pad=0.1)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for label, values in marks.items():
        rows = _find_known(values)
        axes[0].vlines(
            [values[row] for row in rows],
            [row - 0.35 for row in rows],
            [row + 0.35 for row in rows],
            color='black',
            linewidth=1.6,
            label=label,
            zorder=3,
        )
        figure.legend(loc='outside lower left', frameon=False, fontsize=8)
    for panel, (title, values) in zip(axes, panels.items(), strict=True):
        rows = _find_known(values)
        drawn = [values[row] for row in rows]
        bars = panel.barh(rows, drawn, 0.7, color=MODEL_COLORS[0])
        labels = [f'{value:.3g}' for value in drawn]
        panel.bar_label(bars, labels, padding=4, fontsize=8)
        dress_panel(panel, title)
        panel.margins(x=0.18)
        panel.set_xlim(left=0)
        panel.tick_params(axis='y', length=0)
    name_rows(axes[0], shorten_names(names))
    axes[0].set_ylim(len(names) - 0.4, -0.6)
    return fit_fonts(figure)


def _find_known(values: Sequence[float | None]) -> list[int]:
    """Rows that have a value."""
    return [row for row, value in enumerate(values) if value is not None]
