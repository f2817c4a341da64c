"""Per-class figures as text."""

import io
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table


def class_table(
    classes: Sequence[str], columns: Mapping[str, Sequence[float | int | None]]
) -> str:
    """Lay out one row per class as a Markdown table.

    Args:
        classes (Sequence[str]): C names.
        columns (Mapping[str, Sequence]): Heading to C values: floats are
            printed with two digits, integers whole, None as ``-``.

    Returns:
        str: Lines, without a newline at either end.
    """
    table = Table(box=box.MARKDOWN, show_edge=True)
    table.add_column('class', no_wrap=True)
    for heading in columns:
        table.add_column(heading, justify='right', no_wrap=True)
    for name, *values in zip(classes, *columns.values(), strict=True):
        table.add_row(name, *map(_format, values))
    text = io.StringIO()
    # Names are data: no markup or emoji codes, and never cut to a terminal.
    Console(file=text, width=1000, markup=False, emoji=False).print(table)
    return text.getvalue().strip()


def _format(value: float | int | None) -> str:
    if value is None:
        return '-'
    return f'{value:.2f}' if isinstance(value, float) else str(value)
