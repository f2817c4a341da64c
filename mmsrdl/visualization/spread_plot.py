"""Points of repeated measurements, and their means."""

from collections.abc import Sequence
from statistics import mean

from matplotlib.figure import Figure

from .attention_comparison import MODEL_COLORS
from .fonts import fit_fonts
from .row_panels import dress_panel, name_rows
from .text_width import shorten_names


def plot_spread(
    names: Sequence[str], values: Sequence[Sequence[float]], title: str
) -> Figure:
    """Draw a row for each name: a point per measurement, a stroke at the mean.

    Args:
        names (Sequence[str]): M names.
        values (Sequence[Sequence[float]]): Of each, one value or more.
        title (str): What the values are.

    Returns:
        Figure: To be saved by its ``savefig``.

    Raises:
        ValueError: If there is no name, or one without a value.
    """
    if not names or not all(values):
        raise ValueError('There is no name, or one of them has no value.')
    figure = Figure((7, len(names) * 0.3 + 0.8), dpi=150, layout='constrained')
    panel = figure.subplots()
    for row, of_name in enumerate(values):
        panel.plot(of_name, [row] * len(of_name), 'o', ms=5, alpha=0.6,
                   color=MODEL_COLORS[0])  # fmt: skip
        panel.vlines(mean(of_name), row - 0.3, row + 0.3, 'black', lw=1.6)
        panel.annotate(
            f'{mean(of_name):.1f}',
            (max(of_name), row),
            (8, 0),
            textcoords='offset points',
            va='center',
            fontsize=8,
        )
    dress_panel(panel, title)
    panel.margins(x=0.12)
    panel.tick_params(axis='y', length=0)
    name_rows(panel, shorten_names(names))
    panel.set_ylim(len(names) - 0.4, -0.6)
    return fit_fonts(figure)
