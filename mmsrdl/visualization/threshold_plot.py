"""What the threshold does to all labels, and which one a class got."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .class_changes import (
    BEFORE,
    ROW,
    add_legend,
    add_panel,
    draw_changes,
    name_width,
)
from .fonts import fit_fonts

_DPI = 110


def plot_thresholds(
    classes: Sequence[str],
    grid: np.ndarray,
    summaries: dict[str, np.ndarray],
    default: float,
    thresholds: np.ndarray,
    f1_before: np.ndarray,
    f1_after: np.ndarray,
) -> Figure:
    """Draw F1 against one threshold for all, and what each class got.

    Args:
        classes (Sequence[str]): C names.
        grid (np.ndarray): ``(T,)`` thresholds.
        summaries (dict[str, np.ndarray]): Name of a measure to its ``(T,)``
            values in percent.
        default (float): The threshold before.
        thresholds (np.ndarray): ``(C,)``, the chosen ones.
        f1_before (np.ndarray): ``(C,)``, F1 in percent at the default; NaN
            for a class without a positive.
        f1_after (np.ndarray): ``(C,)``, at the chosen one.

    Returns:
        Figure: To be saved by its ``savefig``.
    """
    names = name_width(classes)
    rows = len(classes) * ROW
    figure = Figure((names + 6.6, rows + 4), dpi=_DPI)

    panel = add_panel(figure, 0.65, 0.4, names + 5.6, 2.2)
    styles = ({'color': BEFORE}, {'color': '0.3', 'ls': '--'})
    for (name, values), style in zip(summaries.items(), styles, strict=True):
        panel.plot(grid, values, label=name, **style)
    panel.axvline(default, color='0.7', lw=1, zorder=0)
    panel.annotate(
        f' as tested: {default:g}', (default, 2), color='0.4', fontsize=8
    )
    panel.set_xlim(0, 1)
    panel.set_ylim(0, 100)
    panel.set_xlabel('one threshold for all classes', fontsize=9)
    panel.set_title('F1 of all labels (%)', loc='left', fontsize=10)
    panel.legend(frameon=False, fontsize=8, loc=(0.15, 0.1))
    panel.grid(color='0.92')
    panel.spines[['top', 'right']].set_visible(False)

    before = np.where(np.isnan(f1_before), np.nan, default)
    order = np.argsort(thresholds, kind='stable')[::-1]
    ordered = [classes[i] for i in order]
    left = add_panel(figure, names, 3.6, 3, rows)
    draw_changes(left, ordered, before[order], thresholds[order])
    left.set_xlim(0, 1)
    left.set_title('threshold', loc='left', fontsize=10)
    right = add_panel(figure, names + 3.4, 3.6, 3, rows)
    draw_changes(right, None, f1_before[order], f1_after[order])
    lowest = np.nanmin([f1_before, f1_after, np.full_like(f1_after, 90)])
    right.set_xlim(max(0, lowest - 5), 100.5)
    right.set_title('F1 of the class (%)', loc='left', fontsize=10)
    for panel in (left, right):
        panel.tick_params(axis='x', labelsize=8)
    add_legend(figure, 3.3, 'as tested', 'chosen')
    return fit_fonts(figure)
