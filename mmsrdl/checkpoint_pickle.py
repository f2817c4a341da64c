"""What a checkpoint may contain besides tensors and plain containers.

A pickle names functions and classes to call. Everything here that a pickle
may name is either harmless in itself or an inert stand-in that only keeps
what it is given after checking it; :func:`resolve` then turns the stand-ins
into the real objects. Thus no state of numpy or MMEngine is ever set by a
file, and ``getattr``, which pickled log histories use, gives access to
nothing.
"""

import pickle
import re
from collections import Counter, OrderedDict
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer


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


def name_statistic(owner: type, name: str) -> str:
    """Return ``name``, in the place of ``getattr(HistoryBuffer, name)``."""
    if owner is not History or name not in ('min', 'max', 'current', 'mean'):
        raise pickle.UnpicklingError(f'getattr(..., {name!r})')
    return name


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
    'builtins.bytes': make_no_bytes,
    'builtins.getattr': name_statistic,
    'numpy.dtype': DType,
    'numpy.ndarray': Array,
    'numpy.core.multiarray._reconstruct': Array,
    'numpy._core.multiarray._reconstruct': Array,
    'numpy.core.multiarray.scalar': make_scalar,
    'numpy._core.multiarray.scalar': make_scalar,
}
"""Names in a pickle and what they get, added to what torch allows."""

_ALLOWED = {
    **STAND_INS,
    '_codecs.encode': encode_latin1,
    'builtins.set': set,
    'builtins.complex': complex,
    'collections.Counter': Counter,
    'collections.OrderedDict': OrderedDict,
    'torch.Size': torch.Size,
    'torch.device': torch.device,
    'torch._utils._rebuild_parameter': torch._utils._rebuild_parameter,
    'torch._utils._rebuild_tensor_v2': torch._utils._rebuild_tensor_v2,
    **{str(v): v for v in vars(torch).values() if type(v) is torch.dtype},
}


class _Opcodes(dict):
    """Handlers of opcodes; others are refused by name."""

    def __missing__(self, code: int):
        raise pickle.UnpicklingError(f'pickle opcode {chr(code)!r}')


class RestrictedUnpickler(pickle._Unpickler):
    """Unpickler for torch versions without a usable allow-list.

    It knows the opcodes that ``torch.save`` writes, calls only what the
    table above allows, sets the state of stand-ins and of ordered dicts,
    and fills only lists and dicts. It is made from Python's own unpickler
    in Python, whose opcode methods can be replaced.
    """

    dispatch = _Opcodes(
        (code[0], pickle._Unpickler.dispatch[code[0]])
        for code in (
            *(pickle.PROTO, pickle.STOP, pickle.MARK, pickle.GLOBAL),
            *(pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE),
            *(pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1),
            *(pickle.BINFLOAT, pickle.BINUNICODE, pickle.SHORT_BINSTRING),
            *(pickle.EMPTY_DICT, pickle.EMPTY_LIST, pickle.EMPTY_TUPLE),
            *(pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3),
            *(pickle.BINGET, pickle.LONG_BINGET),
            *(pickle.BINPUT, pickle.LONG_BINPUT),
        )
    )

    def find_class(self, module: str, name: str) -> Any:
        """Return what the table has under the name."""
        full_name = f'{module}.{name}'.replace('__builtin__.', 'builtins.')
        if full_name not in _ALLOWED:
            raise pickle.UnpicklingError(full_name)
        return _ALLOWED[full_name]

    def _load_reduce(self):
        arguments = self.stack.pop()
        function = self.stack[-1]
        if not any(function is allowed for allowed in _ALLOWED.values()):
            raise pickle.UnpicklingError(f'call of {function!r}')
        self.stack[-1] = function(*arguments)

    def _load_newobj(self):
        arguments = self.stack.pop()
        if self.stack[-1] is not History or arguments != ():
            raise pickle.UnpicklingError(f'new {self.stack[-1]!r}')
        self.stack[-1] = History()

    def _load_build(self):
        state = self.stack.pop()
        instance = self.stack[-1]
        if isinstance(instance, StandIn):
            instance.__setstate__(state)
        elif type(instance) is OrderedDict and set(state) == {'_metadata'}:
            instance._metadata = state['_metadata']
        else:
            raise pickle.UnpicklingError(f'state of {type(instance)!r}')

    def _fill(self, items: list):
        target = self.stack[-1]
        if type(target) is list:
            target.extend(items)
        else:
            raise pickle.UnpicklingError(f'items of {type(target)!r}')

    def _update(self, items: list):
        target = self.stack[-1]
        if type(target) not in (dict, OrderedDict, Counter):
            raise pickle.UnpicklingError(f'items of {type(target)!r}')
        target.update(zip(items[::2], items[1::2], strict=True))

    def _load_persistent(self):
        saved = self.stack.pop()
        if type(saved) is not tuple or saved[:1] != ('storage',):
            raise pickle.UnpicklingError(f'persistent object {saved!r}')
        self.append(self.persistent_load(saved))

    dispatch[pickle.REDUCE[0]] = _load_reduce
    dispatch[pickle.NEWOBJ[0]] = _load_newobj
    dispatch[pickle.BUILD[0]] = _load_build
    dispatch[pickle.BINPERSID[0]] = _load_persistent
    dispatch[pickle.APPEND[0]] = lambda self: self._fill([self.stack.pop()])
    dispatch[pickle.APPENDS[0]] = lambda self: self._fill(self.pop_mark())
    dispatch[pickle.SETITEM[0]] = lambda self: self._update(
        [self.stack.pop(), self.stack.pop()][::-1]
    )
    dispatch[pickle.SETITEMS[0]] = lambda self: self._update(self.pop_mark())


def _load(file, **options) -> Any:
    return RestrictedUnpickler(file, **options).load()


PICKLE_MODULE = SimpleNamespace(
    __name__='mmsrdl.checkpoint_pickle',
    Unpickler=RestrictedUnpickler,
    load=_load,
)
"""What ``torch.load(pickle_module=...)`` wants."""
