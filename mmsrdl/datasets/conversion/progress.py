"""Progress of a conversion."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

T = TypeVar('T')


def progress(items: Sequence[T], what: str) -> Iterable[T]:
    """Show a bar on the error stream while going through items.

    Args:
        items (Sequence[T]): What to go through.
        what (str): Said before the bar.

    Yields:
        T: The items.
    """
    console = Console(stderr=True)
    yield from track(items, what, console=console, transient=True)
