"""Pickles of predictions: read as they are, and never run."""

import io
import pickle

import numpy as np
import pytest
import torch
from checkpoint_files import call, program, values

from mmsrdl.checkpoint.plain_pickles import load_plain_pickle


def load(data):
    return load_plain_pickle(io.BytesIO(data))


def test_what_mmengine_dumps_comes_back():
    content = [
        dict(
            img_path='京都.jpg',
            shape=(3, 2),
            scale=(np.float64(0.5), 1.25),
            flags=[True, False, None],
            array=np.arange(3),
            count=2**40,
            pred_score=torch.rand(5),
            matrix=torch.arange(6.0).view(2, 3).t(),
            empty=torch.zeros(0, dtype=torch.long),
            mask=torch.tensor([True, False]),
            half=torch.ones(2, dtype=torch.float16),
            long=torch.arange(70000),
        )
    ] * 2
    loaded = load(pickle.dumps(content, protocol=2))
    assert len(loaded) == 2
    for key, expected in content[0].items():
        value = loaded[1][key]
        if isinstance(expected, torch.Tensor):
            assert value.dtype == expected.dtype
            assert torch.equal(value, expected)
        else:
            np.testing.assert_array_equal(value, expected)
            assert type(value) is type(expected)


def test_what_follows_the_pickle_is_left():
    stream = io.BytesIO(pickle.dumps([1], protocol=2) + b'\n{"a": 1}\n')
    assert load_plain_pickle(stream) == [1]
    assert stream.read() == b'\n{"a": 1}\n'


@pytest.mark.parametrize(
    ('opcodes', 'refused'),
    [
        (call('os.system', 'false'), 'os.system'),
        (call('builtins.eval', '1'), 'builtins.eval'),
        (call('builtins.getattr', 'a', 'b'), 'builtins.getattr'),
        (call('torch.load', 'a.pth'), 'torch.load'),
        (call('torch._utils._rebuild_parameter', 1, True), '_rebuild_param'),
        (values('storage', 1, '0', 'cpu', 1) + b'Q', 'storage of 1'),
        (
            call('torch._utils._rebuild_tensor_v2', 1, 0, (1,), (1,)),
            'tensor of',
        ),
        (b'}' + values(1) + b'b', "pickle opcode|state of <class 'dict'>"),
    ],
)
def test_programs_are_refused(opcodes, refused):
    with pytest.raises(pickle.UnpicklingError, match=refused):
        load(program(opcodes))


def storage_of(tensor):
    """What a pickle gives to torch's function for storages."""
    stream = io.BytesIO()
    torch.save(tensor.storage(), stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


def tensor_of(data, offset, size, stride):
    """A pickled tensor with a storage of these bytes."""
    text = data.decode('latin1')
    storage = call(
        'torch.storage._load_from_bytes',
        call('_codecs.encode', text, 'latin1'),
    )
    return program(
        call('torch._utils._rebuild_tensor_v2', storage, offset, size, stride)
    )


@pytest.mark.filterwarnings('ignore:TypedStorage')
def test_tensors_stay_within_their_storage():
    data = storage_of(torch.tensor([1.0, 2.0]))
    assert load(tensor_of(data, 1, (1,), (1,))).tolist() == [2]
    for place in ((1, (2,), (1,)), (0, (1000,), (1,)), (-1, (1,), (1,))):
        with pytest.raises(ValueError, match='no pickle, or a damaged one'):
            load(tensor_of(data, *place))
    empty = storage_of(torch.zeros(0))
    with pytest.raises(ValueError, match='damaged'):
        load(tensor_of(empty, 0, (9,), (1,)))


@pytest.mark.filterwarnings('ignore:TypedStorage')
@pytest.mark.parametrize(
    ('change', 'refused'),
    [
        (lambda data: data[:-1], 'cut off'),
        (lambda data: data + b'0', 'cut off'),
        (lambda data: data.replace(b'cpu', b'gpu'), 'not on the CPU'),
        (lambda data: data.replace(b'Float', b'Quint'), 'not on the CPU'),
        (lambda data: program(call('os.system', 'false')), 'not on the CPU'),
    ],
)
def test_bytes_of_tensors_are_numbers_only(change, refused):
    data = change(storage_of(torch.tensor([1.0, 2.0])))
    with pytest.raises(pickle.UnpicklingError, match=refused):
        load(tensor_of(data, 0, (1,), (1,)))


@pytest.mark.filterwarnings('ignore:TypedStorage')
def test_booleans_are_0_and_1():
    data = storage_of(torch.tensor([True]))[:-1] + b'\x07'
    with pytest.raises(pickle.UnpicklingError, match='booleans'):
        load(tensor_of(data, 0, (1,), (1,)))


def test_other_files():
    data = pickle.dumps([1, 2], protocol=2)
    for broken in (b'', b'PK\3\4', data[:-2], b'hello world'):
        with pytest.raises((ValueError, pickle.UnpicklingError)):
            load(broken)
    with pytest.raises(pickle.UnpicklingError, match='pickle opcode'):
        load(pickle.dumps([1], protocol=4))
