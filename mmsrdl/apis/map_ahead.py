"""Doing work ahead of where it is needed."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar('T')
R = TypeVar('R')


def map_ahead(
    function: Callable[[T], R], items: Iterable[T], workers: int, ahead: int
) -> Iterator[R]:
    """Apply a function in threads, some items ahead of the consumer.

    Threads suffice for images, as decoding and resizing let others run; and
    they hand over arrays without a copy. Items are taken in the consumer's
    thread, and never more than ``ahead`` results wait for it.

    Args:
        function (Callable): Called in any thread.
        items (Iterable): Its arguments.
        workers (int): Number of threads; 0 for the consumer's alone, then
            nothing is done ahead.
        ahead (int): Most items that are taken ahead.

    Yields:
        R: Results, in the order of the items.
    """
    if not workers:
        yield from map(function, items)
        return
    pending = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) > ahead:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
