"""Progress of an inferencer."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from mmengine.dist import is_main_process
from mmpretrain.utils import progress as mmpretrain_progress
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TimeRemainingColumn,
)

T = TypeVar('T')


def show_progress(
    items: Iterable[T], what: str, total: int | None
) -> Iterator[T]:
    """Show a bar on the error stream while going through items.

    There is none if ``mmpretrain.utils.progress.disable_progress_bar`` is
    set, as for MMPretrain's ``track``. Unlike that one it leaves the output
    to whom it may be piped, and ends when the consumer stops early.

    Args:
        items (Iterable): What to go through.
        what (str): Said before the bar.
        total (int | None): Number of items; None if it is unknown.

    Yields:
        T: The items.
    """
    console = Console(stderr=True)
    is_seen = console.is_terminal or console.is_jupyter
    columns = (
        '{task.description}',
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(show_speed=True),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns,
        console=console,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
        disable=mmpretrain_progress.disable_progress_bar
        or not (is_seen and is_main_process()),
    ) as bar:
        yield from bar.track(items, total=total, description=what)
