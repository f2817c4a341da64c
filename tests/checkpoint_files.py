"""Checkpoints made by hand and compared, for the tests of loading."""

import io
import pickle
import struct
import tarfile
import zipfile

import numpy as np
import torch
from mmengine.logging import HistoryBuffer


def call(function, *arguments):
    """Pickle opcodes that call ``module.name`` with plain arguments."""
    return name(function) + values(*arguments) + pickle.REDUCE


def name(function):
    """Pickle opcodes of ``module.name``."""
    return b'c%b\n%b\n' % tuple(
        part.encode() for part in function.rsplit('.', 1)
    )


def values(*items):
    """Pickle opcodes of a tuple; bytes are opcodes already."""
    return b'(' + b''.join(map(value, items)) + b't'


def value(item):
    """Pickle opcodes of a plain value; bytes are opcodes already."""
    if isinstance(item, bytes):
        return item
    if isinstance(item, dict):
        pairs = b''.join(value(k) + value(v) for k, v in item.items())
        return b'}(' + pairs + b'u'
    if isinstance(item, tuple):
        return values(*item)
    if isinstance(item, str):
        text = item.encode()
        return b'X' + struct.pack('<I', len(text)) + text
    if item is None or isinstance(item, bool):
        return {None: b'N', True: b'\x88', False: b'\x89'}[item]
    if isinstance(item, list):
        return b'](' + b''.join(map(value, item)) + b'e'
    return b'J' + struct.pack('<i', item)


def program(opcodes):
    """A whole pickle, of protocol 2."""
    return b'\x80\x02' + opcodes + b'.'


def storage(numel, *view, key='0'):
    """Opcodes of a storage of floats; the old format wants a view or None."""
    kind = name('torch.FloatStorage')
    return values('storage', kind, key, 'cpu', numel, *view) + b'Q'


def tensor(source, offset=0, size=(4,), stride=(1,), hooks=b'}'):
    """Opcodes of a tensor that lies in a storage."""
    layout = (source, offset, size, stride)
    return call('torch._utils._rebuild_tensor_v2', *layout, False, hooks)


def write_zip(path, data, extra=(), records=None):
    """Write a checkpoint in the format of torch >= 1.6."""
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('archive/data.pkl', data)
        archive.writestr('archive/version', '3\n')
        for member in extra:
            archive.writestr(f'archive/{member}', data)
        for key, content in (records or {}).items():
            archive.writestr(f'archive/data/{key}', content)


def write_old(path, data):
    """Write a checkpoint in the format of torch < 1.6."""
    parts = (0x1950A86A20F9469CFC6C, 1001, {'little_endian': True})
    head = b''.join(pickle.dumps(part, 2) for part in parts)
    path.write_bytes(head + data + pickle.dumps([], 2))


def write_tar(path, data):
    """Write a checkpoint in the format of torch < 0.1.10."""
    with tarfile.open(path, 'w') as archive:
        for member in ('storages', 'tensors', 'pickle'):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


FORMATS = {'zip': write_zip, 'old': write_old}


def assert_same(a, b):
    """Assert equality of values, types and memory layout."""
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    elif isinstance(a, torch.Tensor):
        assert a.dtype == b.dtype
        assert torch.equal(a, b)
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        assert a.flags.f_contiguous == b.flags.f_contiguous
        np.testing.assert_array_equal(a, b)
    elif isinstance(a, HistoryBuffer):
        assert_same(a.data, b.data)
        assert a.max_length == b.max_length
    else:
        assert a == b
