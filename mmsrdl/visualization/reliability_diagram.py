"""Share of present labels against their scores."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from .class_changes import (
    AFTER,
    BEFORE,
    ROW,
    add_legend,
    add_panel,
    draw_changes,
    name_width,
)
from .fonts import fit_fonts

_DPI = 110


def plot_reliability(
    classes: Sequence[str],
    curves: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]],
    error_before: np.ndarray,
    error_after: np.ndarray,
) -> Figure:
    """Draw the reliability before and after, and the error of each class.

    Args:
        classes (Sequence[str]): C names.
        curves (Mapping): Two entries, before and after: what to call it, to
            the mean score, the share of present labels (both in [0, 1], NaN
            for an empty bin) and the number of labels of B bins, each
            ``(B,)``.
        error_before (np.ndarray): ``(C,)``, expected calibration error in
            percent.
        error_after (np.ndarray): ``(C,)``.

    Returns:
        Figure: To be saved by its ``savefig``.
    """
    names, rows = name_width(classes), len(classes) * ROW
    width = max(names + 5.2, 7.4)
    figure = Figure((width, rows + 4.5), dpi=_DPI)

    panel = add_panel(figure, 0.6, 0.4, 2.7, 2.7)
    panel.plot([0, 1], [0, 1], color='0.8', lw=1)
    panel.text(0.97, 0.05, 'too sure', color='0.5', ha='right', fontsize=8)
    panel.text(0.5, 0.95, 'not sure enough', color='0.5', va='top', size=8)
    panel.set_xlim(0, 1)
    panel.set_ylim(0, 1)
    panel.set_title('Share that is present', loc='left', fontsize=10)
    counts = add_panel(figure, 4.1, 0.4, width - 4.4, 2.7)
    counts.set_yscale('log')
    counts.set_xlim(0, 1)
    counts.set_title('Number of labels', loc='left', fontsize=10)
    for (name, curve), color in zip(
        curves.items(), (BEFORE, AFTER), strict=True
    ):
        score, present, count = curve
        kept = count > 0
        panel.plot(
            score[kept], present[kept], 'o-', ms=4, color=color, label=name
        )
        edges = np.linspace(0, 1, len(count) + 1)
        counts.stairs(count + 0.5, edges, baseline=0.5, color=color, lw=1.4)
    counts.set_ylim(bottom=0.7)
    for axes in (panel, counts):
        axes.set_xlabel('score', fontsize=9)
        axes.grid(color='0.92')
        axes.tick_params(labelsize=8)
        axes.spines[['top', 'right']].set_visible(False)

    order = np.argsort(error_before, kind='stable')[::-1]
    panel = add_panel(figure, names, 4.1, width - names - 0.3, rows)
    ordered = [classes[i] for i in order]
    draw_changes(panel, ordered, error_before[order], error_after[order])
    panel.set_xlim(left=0)
    panel.set_title('Calibration error (%)', loc='left', fontsize=10)
    panel.tick_params(axis='x', labelsize=8)
    add_legend(figure, 3.8, *curves)
    return fit_fonts(figure)
