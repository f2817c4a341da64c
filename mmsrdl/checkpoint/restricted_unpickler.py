"""Unpickling for torch versions without a usable allow-list."""

import pickle
from collections import Counter, OrderedDict
from types import SimpleNamespace
from typing import Any

import torch

from .stand_ins import STAND_INS, History, StandIn, encode_latin1

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
    """Unpickler of what ``torch.save`` writes, and of nothing else.

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
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[key] = value

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
    __name__='mmsrdl.checkpoint.restricted_unpickler',
    Unpickler=RestrictedUnpickler,
    load=_load,
)
"""What ``torch.load(pickle_module=...)`` wants."""
