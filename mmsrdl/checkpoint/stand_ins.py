"""What a checkpoint may contain besides tensors and plain containers.

A pickle names functions and classes to call. What it gets here is an inert
stand-in that only keeps what it is given, after checking it;
:func:`resolve` then turns the stand-ins into the real objects. Thus no
state of numpy or MMEngine is ever set by a file, and ``getattr``, which
pickled log histories use, gives access to nothing.
"""

import math
import pickle
import re
from typing import Any

import numpy as np
from mmengine.logging import HistoryBuffer
from mmengine.optim import OneCycleParamScheduler


class StandIn:
    """An inert object in the place of a real one.

    Its state may be set by a pickle; the values are checked there.
    :meth:`resolve` gives the real object.
    """

    _real: Any = None

    def __setstate__(self, state: Any):
        """Refuse a state, which most stand-ins do not have."""
        raise pickle.UnpicklingError(f'state of {type(self).__name__}')

    def resolve(self) -> Any:
        """Return the real object."""
        if self._real is None:
            raise pickle.UnpicklingError(
                f'{type(self).__name__} without state'
            )
        return self._real


class DType(StandIn):
    """A numpy data type of numbers, booleans or strings.

    Args:
        name: A name such as ``'f8'``.
    """

    def __init__(self, name: str, align: bool = False, copy: bool = True):
        if type(name) is not str or not re.fullmatch(
            r'b1|[iu][1248]|f(2|4|8|16)|c(8|16|32)|[SU](0|[1-9][0-9]{0,5})',
            name,
        ):
            raise pickle.UnpicklingError(f'numpy data type {name!r}')
        self._real = np.dtype(name)

    def __setstate__(self, state: tuple):
        """Take the byte order, the only thing a number type can change."""
        _, order, *structure = state
        if any(part is not None for part in structure[:3]):
            raise pickle.UnpicklingError('structured numpy data type')
        if type(order) is not str or order not in ('<', '>', '|', '='):
            raise pickle.UnpicklingError(f'numpy byte order {order!r}')
        self._real = self.resolve().newbyteorder(order)


class Array(StandIn):
    """A numpy array; the arguments are the placeholders numpy pickles."""

    def __init__(self, *placeholders):
        pass

    def __setstate__(self, state: tuple):
        """Take shape and bytes."""
        _, shape, dtype, fortran, data = state
        self._real = make_array(shape, dtype, data, 'F' if fortran else 'C')


class History(StandIn):
    """The log history of one quantity in MMEngine's message hub."""

    def __setstate__(self, state: dict):
        """Take the two arrays and the length; statistics are MMEngine's."""
        values, counts = state['_log_history'], state['_count_history']
        length = state['max_length']
        if type(length) is not int or length < 1:
            raise pickle.UnpicklingError(f'log history of length {length!r}')
        for array in (values, counts):
            if type(array) is not Array:
                raise pickle.UnpicklingError('log history without arrays')
            if array.resolve().ndim != 1 or array.resolve().dtype.kind in 'SU':
                raise pickle.UnpicklingError('log history without numbers')
        self._real = HistoryBuffer(values.resolve(), counts.resolve(), length)


def make_array(
    shape: tuple, dtype: DType, data: bytes, order: str = 'C'
) -> np.ndarray:
    """Return an array of the bytes, whose number must be right.

    Nothing but a checked data type may say what they are: one of objects
    would turn them into addresses.

    Raises:
        UnpicklingError: If the data type is not a checked one.
        ValueError: If shape and bytes do not fit.
    """
    if type(dtype) is not DType:
        raise pickle.UnpicklingError(f'numpy data type {dtype!r}')
    real = dtype.resolve()
    # Limited as in numpy 1, for the product to be quick.
    if type(shape) is not tuple or len(shape) > 32:
        raise ValueError('numpy shape that is none')
    if any(type(length) is not int or length < 0 for length in shape):
        raise ValueError(f'numpy shape {shape!r}')
    size = math.prod(shape) * real.itemsize
    if type(data) is not bytes or len(data) != size:
        raise ValueError(f'numpy array of other than {size} bytes')
    if real.kind == 'b' and data.strip(b'\0\1'):
        raise ValueError('numpy booleans other than 0 and 1')
    return np.ndarray(shape, real, buffer=bytearray(data), order=order)


def make_scalar(dtype: DType, data: bytes) -> np.generic:
    """Return the numpy scalar of one value's bytes."""
    return make_array((), dtype, data)[()]


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


def resolve(value: Any, seen: dict[int, Any] | None = None) -> Any:
    """Return ``value`` with the real objects in place of stand-ins.

    Dicts and lists are changed in place. What occurs many times, or within
    itself, is visited once.

    Args:
        value: What the unpickler made.
        seen: What became of the containers visited before, by their id.
    """
    seen = {} if seen is None else seen
    if id(value) in seen:
        return seen[id(value)][1]
    if isinstance(value, StandIn):
        return value.resolve()
    real = value
    if isinstance(value, dict):
        if getattr(value, '__dict__', {}).keys() - {'_metadata'}:
            raise pickle.UnpicklingError(f'attributes of {type(value)!r}')
        seen[id(value)] = value, value
        for key in value:
            value[key] = resolve(value[key], seen)
    elif isinstance(value, list):
        seen[id(value)] = value, value
        value[:] = [resolve(item, seen) for item in value]
    elif type(value) is tuple:
        real = tuple(resolve(item, seen) for item in value)
        seen[id(value)] = value, real  # keeps it alive, and its id unique
    return real


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
