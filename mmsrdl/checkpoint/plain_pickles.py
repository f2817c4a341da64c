"""Loading pickles of plain values and tensors without running them."""

import pickle
import re
from collections import OrderedDict
from typing import Any, BinaryIO, NamedTuple

import torch
from torch import Tensor

from .restricted_unpickler import RestrictedUnpickler
from .stand_ins import (
    Array,
    DType,
    encode_latin1,
    make_no_bytes,
    make_scalar,
    resolve,
)

_DTYPES = {
    b'Bool': torch.bool,
    b'Byte': torch.uint8,
    b'Char': torch.int8,
    b'Short': torch.int16,
    b'Int': torch.int32,
    b'Long': torch.int64,
    b'Half': torch.float16,
    b'BFloat16': torch.bfloat16,
    b'Float': torch.float32,
    b'Double': torch.float64,
}

# The end of what torch.save(storage, _use_new_zipfile_serialization=False)
# writes: the kind, the key and the length of one storage on the CPU, a list
# of that key, and the length again before the data.
_STORAGE = re.compile(
    rb'ctorch\n(?P<kind>\w+)Storage\nq.X.{4}(?P<key>\d+)q.'
    rb'X\x03\0\0\0cpuq.(?:K(?P<K>.)|M(?P<M>..)|J(?P<J>....))Ntq.Q\.'
    rb'\x80\x02\]q.X.{4}(?P=key)q.a\.(?P<count>.{8})',
    re.DOTALL,
)


class Storage(NamedTuple):
    """The numbers of a tensor."""

    dtype: torch.dtype
    content: bytes


def load_storage(data: bytes) -> Storage:
    """Return the storage of a tensor in a plain pickle.

    Torch would read the bytes as a checkpoint, by an unpickler that runs
    what they say. Nothing but numbers is read here, which is faster too.
    """
    found = _STORAGE.search(data)
    dtype = found and _DTYPES.get(found['kind'])
    if dtype is None:
        raise pickle.UnpicklingError('a tensor that is not on the CPU')
    count = int.from_bytes(found['count'], 'little')
    numel = found['K'] or found['M'] or found['J']
    content = data[found.end() :]
    if (
        int.from_bytes(numel, 'little') != count
        or len(content) != count * dtype.itemsize
    ):
        raise pickle.UnpicklingError('a tensor that is cut off')
    if dtype == torch.bool and content.strip(b'\0\1'):
        raise pickle.UnpicklingError('booleans other than 0 and 1')
    return Storage(dtype, content)


def make_tensor(
    storage: Storage, offset: int, size: tuple, stride: tuple, *rest: Any
) -> Tensor:
    """Return a tensor of the numbers; gradients and hooks are left out."""
    if type(storage) is not Storage:
        raise pickle.UnpicklingError(f'tensor of {type(storage)!r}')
    dtype, content = storage
    numbers = torch.empty(0, dtype=dtype)
    if content:
        # Writable, as frombuffer warns of anything else.
        numbers = torch.frombuffer(bytearray(content), dtype=dtype)
    # Checks that all of the tensor lies within.
    return numbers.as_strided(size, stride, offset)


class PlainUnpickler(RestrictedUnpickler):
    """Unpickler of plain values, numpy numbers and tensors on the CPU."""

    allowed = {
        '_codecs.encode': encode_latin1,
        'builtins.bytes': make_no_bytes,
        'collections.OrderedDict': OrderedDict,
        'numpy.dtype': DType,
        'numpy.ndarray': Array,
        'numpy.core.multiarray._reconstruct': Array,
        'numpy._core.multiarray._reconstruct': Array,
        'numpy.core.multiarray.scalar': make_scalar,
        'numpy._core.multiarray.scalar': make_scalar,
        'torch._utils._rebuild_tensor_v2': make_tensor,
        'torch.storage._load_from_bytes': load_storage,
    }

    def persistent_load(self, saved: Any) -> Any:
        """Refuse: only checkpoints keep data outside the pickle."""
        raise pickle.UnpicklingError(f'persistent object {saved!r}')


def load_plain_pickle(stream: BinaryIO) -> Any:
    """Load what ``mmengine.dump`` wrote to a ``.pkl`` file.

    Pickles of protocol 2, the one of MMEngine, with plain containers, values
    and strings, numpy arrays and numbers, and tensors on the CPU.

    Args:
        stream (BinaryIO): Left behind the pickle, as a file may go on.

    Returns:
        Any: The content.

    Raises:
        UnpicklingError: If the pickle asks for anything else; the message
            names it.
        ValueError: If it is no pickle, or damaged.
    """
    try:
        return resolve(PlainUnpickler(stream).load())
    except pickle.UnpicklingError:
        raise
    except Exception as error:
        raise ValueError(
            f'no pickle, or a damaged one: {type(error).__name__}: {error}'
        ) from error
