"""What a checkpoint may contain besides tensors and plain containers.

A pickle names functions and classes to call. What it gets here is an inert
stand-in that only keeps what it is given, after checking it;
:func:`resolve` then turns the stand-ins into the real objects. Thus no
state of numpy or MMEngine is ever set by a file, and ``getattr``, which
pickled log histories use, gives access to nothing.
"""

import pickle
import re
from typing import Any

import numpy as np
from mmengine.logging import HistoryBuffer
from mmengine.optim import OneCycleParamScheduler


class StandIn:
    """An inert object in the place of a real one.

    Its state may be set by a pickle; the values are checked there and
    :meth:`resolve` makes the real object.
    """

    def resolve(self) -> Any:
        """Return the real object."""
        raise pickle.UnpicklingError(f'{type(self).__name__} without state')


class DType(StandIn):
    """A numpy data type of numbers, booleans or strings.

    Args:
        name: A name such as ``'f8'``.
    """

    def __init__(self, name: str, align: bool = False, copy: bool = True):
        if not re.fullmatch(r'[biufcSU]\d{1,6}', name):
            raise pickle.UnpicklingError(f'numpy data type {name!r}')
        self._dtype = np.dtype(name)

    def __setstate__(self, state: tuple):
        """Take the byte order, the only thing a number type can change."""
        _, order, subarray, names, fields, *_ = state
        if (subarray, names, fields) != (None, None, None):
            raise pickle.UnpicklingError('structured numpy data type')
        self._dtype = self._dtype.newbyteorder(order)

    def resolve(self) -> np.dtype:
        """Return the numpy data type."""
        return self._dtype


class Array(StandIn):
    """A numpy array; the arguments are the placeholders numpy pickles."""

    def __init__(self, *placeholders):
        pass

    def __setstate__(self, state: tuple):
        """Take shape and bytes."""
        _, shape, dtype, fortran, data = state
        self._array = np.ndarray(
            shape,
            resolve(dtype),
            buffer=bytearray(data),
            order='F' if fortran else 'C',
        )

    def resolve(self) -> np.ndarray:
        """Return the array."""
        return self._array


class History(StandIn):
    """The log history of one quantity in MMEngine's message hub."""

    def __setstate__(self, state: dict):
        """Take the two arrays and the length; statistics are MMEngine's."""
        self._arguments = (
            resolve(state['_log_history']),
            resolve(state['_count_history']),
            int(state['max_length']),
        )

    def resolve(self) -> HistoryBuffer:
        """Return the history buffer."""
        return HistoryBuffer(*self._arguments)


def make_scalar(dtype: DType, data: bytes) -> np.generic:
    """Return the numpy scalar of one value's bytes."""
    return np.ndarray((), dtype.resolve(), buffer=bytearray(data))[()]


class OneCycle(StandIn):
    """The class of which a one-cycle schedule pickles its annealing."""


def look_up(owner: type, name: str) -> Any:
    """Do what ``getattr`` is pickled for, and nothing else.

    A log history names its statistics, a one-cycle schedule its annealing.
    """
    if owner is History and name in ('min', 'max', 'current', 'mean'):
        return name
    if owner is OneCycle and name in ('_annealing_cos', '_annealing_linear'):
        return getattr(OneCycleParamScheduler, name)
    raise pickle.UnpicklingError(f'getattr(..., {name!r})')


def encode_latin1(text: str, encoding: str = 'latin1') -> bytes:
    """Return the bytes that pickle protocol 2 writes as text."""
    return text.encode('latin1')


def make_no_bytes() -> bytes:
    """Return ``b''``, which pickle protocol 2 writes as a call."""
    return b''


def resolve(value: Any) -> Any:
    """Return ``value`` with the real objects in place of stand-ins.

    Dicts and lists are changed in place.
    """
    if isinstance(value, StandIn):
        return value.resolve()
    if isinstance(value, dict):
        for key, item in value.items():
            value[key] = resolve(item)
    elif isinstance(value, list):
        value[:] = map(resolve, value)
    elif type(value) is tuple:
        return tuple(map(resolve, value))
    return value


STAND_INS = {
    'mmengine.logging.history_buffer.HistoryBuffer': History,
    'mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler': (
        OneCycle
    ),
    'builtins.bytes': make_no_bytes,
    'builtins.getattr': look_up,
    'numpy.dtype': DType,
    'numpy.ndarray': Array,
    'numpy.core.multiarray._reconstruct': Array,
    'numpy._core.multiarray._reconstruct': Array,
    'numpy.core.multiarray.scalar': make_scalar,
    'numpy._core.multiarray.scalar': make_scalar,
}
"""Names in a pickle and what they get, added to what torch allows."""
