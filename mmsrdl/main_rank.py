"""Work that one rank does for all."""

from collections.abc import Callable
from typing import TypeVar

from mmengine.dist import broadcast_object_list, is_main_process

T = TypeVar('T')


def on_main_rank(work: Callable[[], T]) -> T:
    """Do something on rank 0 alone, and give the result to all ranks.

    All ranks must call it.

    Args:
        work (Callable): Takes nothing and returns what pickle can store.

    Returns:
        T: What it returned on rank 0.

    Raises:
        Exception: On rank 0, what the work raised.
        RuntimeError: On the others then, with its message, so that they do
            not wait for what never comes.
    """
    result, failure, error = None, '', None
    if is_main_process():
        try:
            result = work()
        except Exception as raised:
            error = raised
            failure = f'{type(raised).__name__}: {raised}'
    shared = [result, failure]
    broadcast_object_list(shared)
    result, failure = shared
    if failure:
        raise error or RuntimeError(f'Rank 0 failed with {failure}')
    return result
