"""Precision against recall, of all labels and of every class."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .class_changes import AFTER, BEFORE
from .fonts import fit_fonts
from .text_width import shorten

_DPI = 110


def plot_precision_recall(
    classes: Sequence[str],
    curves: np.ndarray,
    ap: Sequence[float | None],
    overall: np.ndarray,
    points: Sequence[tuple[float | None, float | None]],
    overall_point: tuple[float, float],
    thr: float,
) -> Figure:
    """Draw a small panel per class, the best first, and one of them all.

    Args:
        classes (Sequence[str]): C names.
        curves (np.ndarray): ``(C, P)``, precision at the recalls 1 / P, ...,
            1, as of
            :func:`~mmsrdl.evaluation.precision_recall_curves.precision_at_recalls`.
        ap (Sequence[float | None]): C average precisions in percent, None
            for a class without a positive.
        overall (np.ndarray): ``(P,)``, that of all labels together.
        points (Sequence): Recall and precision of each class at the
            threshold of the test, in [0, 1], or Nones.
        overall_point (tuple[float, float]): Those of all labels together.
        thr (float): The threshold.

    Returns:
        Figure: To be saved by its ``savefig``.
    """
    count = len(classes)
    columns = int(np.interp(count, (4, 20, 80), (4, 6, 10)))
    side = np.interp(columns, (6, 10), (1.5, 1.15))  # inches
    rows = max(2, -(-(count + 4) // columns))
    figure = Figure(
        (columns * side + 0.4, rows * (side + 0.12) + 0.5),
        dpi=_DPI,
        layout='constrained',
    )
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.03)
    grid = figure.add_gridspec(rows, columns)
    cells = [
        (row, column)
        for row in range(rows)
        for column in range(columns)
        if row > 1 or column > 1
    ]
    recalls = np.arange(1, curves.shape[1] + 1) / curves.shape[1]
    panel = figure.add_subplot(grid[:2, :2])
    _draw_all(panel, recalls, curves, overall, overall_point, thr)
    order = sorted(
        range(count), key=lambda c: (ap[c] is None, -(ap[c] or 0), c)
    )
    for (row, column), index in zip(cells, order, strict=False):
        panel = figure.add_subplot(grid[row, column])
        _frame(panel)
        panel.set_xticks([0, 1], ['', ''])
        panel.set_yticks([0, 1], ['', ''])
        font = 7.5 if columns > 6 else 8.5
        room = int(side * 72 / (0.62 * font)) - 4
        name = shorten(classes[index], room)
        value = '–' if ap[index] is None else f'{ap[index]:.0f}'
        panel.set_title(
            f'{name} {value}', fontsize=font, pad=2, parse_math=False
        )
        if ap[index] is None:
            panel.text(0.5, 0.5, 'no positive', ha='center', fontsize=7)
            continue
        curve = curves[index]
        panel.fill_between(recalls, curve, color=BEFORE, alpha=0.18, lw=0)
        panel.plot(recalls, curve, color=BEFORE, lw=1.2)
        panel.plot(*points[index], 'o', color=AFTER, ms=3.5, clip_on=False)
    return fit_fonts(figure)


def _draw_all(
    panel: Axes,
    recalls: np.ndarray,
    curves: np.ndarray,
    overall: np.ndarray,
    point: tuple[float, float],
    thr: float,
) -> None:
    _frame(panel)
    for f1 in (0.4, 0.6, 0.8):
        # Precision that gives this F1 with each recall.
        recall = np.linspace(f1 / (2 - f1), 1, 100)
        precision = f1 * recall / (2 * recall - f1)
        panel.plot(recall, precision, color='0.85', lw=0.8, zorder=0)
        panel.text(
            *(f1, f1, f'F1 {f1}'),
            fontsize=6,
            color='0.6',
            ha='center',
            va='center',
            rotation=-45,
            bbox=dict(color='white', pad=0.5),
            zorder=0,
        )
    panel.plot(recalls, overall, color=BEFORE, lw=2, label='all labels')
    present = ~np.isnan(curves[:, 0])
    if present.any():
        mean = curves[present].mean(0)
        panel.plot(
            recalls, mean, color='0.25', lw=1.2, ls='--', label='class mean'
        )
    panel.plot(
        *point, 'o', color=AFTER, ms=6, clip_on=False, label=f'score ≥ {thr:g}'
    )
    panel.set_xlabel('recall')
    panel.set_ylabel('precision')
    panel.set_title('All labels; by class with AP in %', loc='left', size=9.5)
    panel.legend(frameon=False, fontsize=8, loc='lower left')


def _frame(panel: Axes) -> None:
    panel.set_xlim(0, 1)
    panel.set_ylim(0, 1.02)
    panel.spines[['top', 'right']].set_visible(False)
    panel.tick_params(length=2, labelsize=8)
