"""Figures of every class: computed, as text, as CSV and as JSON."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from torch import Tensor

from .average_precision import best_f1_thresholds
from .functional import LabelCounts, precision_recall_f1

Columns = Mapping[str, Sequence[float | int | None]]


def class_columns(
    scores: Tensor,
    targets: Tensor,
    ap: Tensor,
    has_ap: Tensor,
    counts: LabelCounts,
    absent: str = 'skip',
) -> Columns:
    """Figures of each class.

    Args:
        scores (Tensor): ``(N, C)`` floats.
        targets (Tensor): ``(N, C)`` in {-1, 0, 1}, those of P, R and F1.
        ap (Tensor): ``(C,)``, average precision in [0, 1].
        has_ap (Tensor): ``(C,)`` bool, whether it had a positive.
        counts (LabelCounts): Of the predicted labels.
        absent (str): Figures of a class without a positive are None
            (``'skip'``) or 0 (``'zero'``); those of the best threshold are
            None in any case. Defaults to ``'skip'``.

    Returns:
        Mapping[str, Sequence]: ``AP, P, R, F1`` in percent at the threshold
        of ``counts``; ``support``, the number of positives; ``best F1`` in
        percent and ``best thr``, see :func:`best_f1_thresholds`.
    """
    present = counts.present > 0

    def known(values: Tensor, counted: Tensor) -> list[float | None]:
        return [
            value if used else None
            for value, used in zip(
                values.tolist(), counted.tolist(), strict=True
            )
        ]

    columns = {'AP': known(100 * ap, has_ap | (absent == 'zero'))}
    for heading, values in zip(
        ('P', 'R', 'F1'), precision_recall_f1(counts), strict=True
    ):
        columns[heading] = known(100 * values, present | (absent == 'zero'))
    columns['support'] = counts.present.tolist()
    thresholds, f1 = best_f1_thresholds(scores, targets)
    columns['best F1'] = known(100 * f1, present)
    columns['best thr'] = known(thresholds, present)
    return columns


def class_table(
    classes: Sequence[str], columns: Columns, first: str = 'class'
) -> str:
    """Lay out one row per class as a Markdown table.

    Args:
        classes (Sequence[str]): C names.
        columns (Mapping[str, Sequence]): Heading to C values: floats are
            printed with two digits (a threshold, ``thr``, with four), integers
            whole, None as ``-``.
        first (str): Heading of the names. Defaults to ``'class'``.

    Returns:
        str: Lines, without a newline at either end.
    """
    table = Table(box=box.MARKDOWN, show_edge=True)
    table.add_column(first, no_wrap=True)
    for heading in columns:
        table.add_column(heading, justify='right', no_wrap=True)
    digits = [4 if heading.endswith('thr') else 2 for heading in columns]
    for name, *values in zip(classes, *columns.values(), strict=True):
        table.add_row(name, *map(_format, values, digits))
    text = io.StringIO()
    # Names are data: no markup or emoji codes, and never cut to a terminal.
    Console(file=text, width=1000, markup=False, emoji=False).print(table)
    return text.getvalue().strip()


def write_class_table(
    prefix: str, classes: Sequence[str], columns: Columns, protocol: str
) -> None:
    """Write ``{prefix}.csv`` and ``{prefix}.json`` with a row per class.

    Args:
        prefix (str): Path without its suffix; missing folders are made.
        classes (Sequence[str]): C names.
        columns (Mapping[str, Sequence]): Heading to C values, written in
            full; None is an empty cell, or null.
        protocol (str): How the figures were measured, kept in the JSON.
    """
    rows = [
        dict(zip(('class', *columns), row, strict=True))
        for row in zip(classes, *columns.values(), strict=True)
    ]
    # Not with_suffix(), which would cut the name at a dot in it.
    Path(prefix).parent.mkdir(parents=True, exist_ok=True)
    with open(f'{prefix}.csv', 'w', encoding='utf-8', newline='') as file:
        writer = csv.DictWriter(file, ('class', *columns))
        writer.writeheader()
        writer.writerows(rows)
    content = {'protocol': protocol, 'classes': rows}
    text = json.dumps(content, indent=1, ensure_ascii=False)
    Path(f'{prefix}.json').write_text(text + '\n', 'utf-8')


def _format(value: float | int | None, digits: int) -> str:
    if value is None:
        return '-'
    return f'{value:.{digits}f}' if isinstance(value, float) else str(value)
