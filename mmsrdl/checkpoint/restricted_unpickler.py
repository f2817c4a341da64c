"""Unpickling where torch has no usable allow-list, or checks too little."""

import pickle
from collections import Counter, OrderedDict
from types import SimpleNamespace
from typing import Any

import torch
from torch import serialization
from torch.storage import TypedStorage

from .stand_ins import STAND_INS, History, StandIn, encode_latin1


def rebuild_tensor(
    storage: TypedStorage,
    offset: int,
    size: tuple,
    stride: tuple,
    requires_grad: bool,
    hooks: Any,
    metadata: dict | None = None,
) -> torch.Tensor:
    """Return a tensor that lies within its storage, without hooks.

    Torch would enlarge a storage that is too small, from under the others
    that share its memory.
    """
    if type(storage) is not TypedStorage:
        raise pickle.UnpicklingError(f'tensor of {type(storage)!r}')
    if any(type(n) is not int or n < 0 for n in (offset, *size, *stride)):
        raise ValueError('tensor of a negative layout')
    steps = ((n - 1) * step for n, step in zip(size, stride, strict=True))
    if all(size) and offset + sum(steps) >= storage._size():
        raise ValueError('tensor beyond its storage')
    return torch._utils._rebuild_tensor_v2(
        *(storage, offset, size, stride),
        *(requires_grad, OrderedDict(), metadata),
    )


def rebuild_parameter(
    data: torch.Tensor, requires_grad: bool, hooks: Any
) -> torch.nn.Parameter:
    """Return a parameter without hooks."""
    if type(data) is not torch.Tensor:
        raise pickle.UnpicklingError(f'parameter of {type(data)!r}')
    return torch.nn.Parameter(data, requires_grad)


_ALLOWED = {
    **STAND_INS,
    '_codecs.encode': encode_latin1,
    'builtins.set': set,
    'builtins.complex': complex,
    'collections.Counter': Counter,
    'collections.OrderedDict': OrderedDict,
    'torch.Size': torch.Size,
    'torch.device': torch.device,
    'torch._utils._rebuild_parameter': rebuild_parameter,
    'torch._utils._rebuild_tensor_v2': rebuild_tensor,
    **{str(v): v for v in vars(torch).values() if type(v) is torch.dtype},
}


class _Opcodes(dict):
    """Handlers of opcodes; others are refused by name."""

    def __missing__(self, code: int):
        raise pickle.UnpicklingError(f'pickle opcode {chr(code)!r}')


class RestrictedUnpickler(pickle._Unpickler):
    """Unpickler of what ``torch.save`` writes, and of nothing else.

    It knows the opcodes that ``torch.save`` writes, calls only what the
    table above allows, sets the state of stand-ins and of ordered dicts,
    and fills only lists and dicts. It is made from Python's own unpickler
    in Python, whose opcode methods can be replaced.

    Args:
        file: The pickle.
        sizes: The number of bytes that a zip has for each storage, by its
            key; an old torch reads on beyond them. The other format tells
            them to torch, which compares.
        **options: As for ``pickle.Unpickler``.
    """

    def __init__(
        self, file, *, sizes: dict[str, int] | None = None, **options
    ):
        super().__init__(file, **options)
        self._sizes = sizes

    allowed = _ALLOWED
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
        if full_name not in self.allowed:
            raise pickle.UnpicklingError(full_name)
        return self.allowed[full_name]

    def _load_reduce(self):
        arguments = self.stack.pop()
        function = self.stack[-1]
        if not any(function is allowed for allowed in self.allowed.values()):
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
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[key] = value

    def _load_persistent(self):
        saved = self.stack.pop()
        if type(saved) is not tuple or saved[:1] != ('storage',):
            raise pickle.UnpicklingError(f'persistent object {saved!r}')
        _, kind, key, _, numel, *_ = saved
        if type(kind) is not serialization.StorageType:
            raise pickle.UnpicklingError(f'storage of {kind!r}')
        if type(numel) is not int or numel < 0:
            raise ValueError(f'storage {key!r} of {numel!r} elements')
        size = numel * torch._utils._element_size(kind.dtype)
        if self._sizes is not None and self._sizes.get(key, -1) < size:
            raise ValueError(f'storage {key} has less than {size} bytes')
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
    __name__='mmsrdl.checkpoint.restricted_unpickler',
    Unpickler=RestrictedUnpickler,
    load=_load,
)
"""What ``torch.load(pickle_module=...)`` wants."""
