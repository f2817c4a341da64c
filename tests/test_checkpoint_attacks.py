"""Files that try to run something; none may get to."""

import io
import os
import pickle
import socket
import subprocess
import sys
import tarfile

import numpy as np
import pytest
import torch
from checkpoint_attacks import ATTACKS, DAMAGED, STORAGE, history
from checkpoint_files import (
    FORMATS,
    call,
    name,
    program,
    storage,
    tensor,
    value,
    write_old,
    write_tar,
    write_zip,
)
from mmengine.logging import HistoryBuffer

from mmsrdl.checkpoint import UnsafeCheckpointError, load
from mmsrdl.checkpoint.restricted_unpickler import PICKLE_MODULE
from mmsrdl.checkpoint.stand_ins import resolve


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path, monkeypatch):
    """Work in an empty folder in which no file may appear."""
    monkeypatch.chdir(tmp_path)
    mean = HistoryBuffer.mean
    yield
    assert not os.path.exists('CANARY')
    assert HistoryBuffer.mean is mean
    assert np.dtype('f8').itemsize == 8
    assert np.dtype('f8').subdtype is None


@pytest.mark.parametrize('write', FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize('attack', ATTACKS)
def test_refused(attack, write, tmp_path):
    opcodes, refused = ATTACKS[attack]
    path = tmp_path / 'evil.bin'
    write(path, program(opcodes))
    with pytest.raises(UnsafeCheckpointError, match=refused) as caught:
        load(path)
    message = str(caught.value)
    assert str(path) in message
    assert 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1' in message


@pytest.mark.parametrize(
    'opcodes',
    [opcodes for opcodes, _ in ATTACKS.values()]
    + [name('collections.Counter') + b')\x81'],
    ids=[*ATTACKS, 'new object of an allowed class'],
)
def test_refused_on_an_old_torch(opcodes):
    """The unpickler for it, whatever torch is installed."""
    with pytest.raises(pickle.UnpicklingError):
        resolve(PICKLE_MODULE.load(io.BytesIO(program(opcodes))))


class Runs:
    """An object that runs a command when it is unpickled as usual."""

    def __reduce__(self):
        return os.system, ('touch CANARY',)


def test_the_attack_works_elsewhere(tmp_path):
    """Unlike the plain loading, ours does not run what the file says."""
    torch.save({'state_dict': {'w': torch.ones(2), 'x': Runs()}}, 'evil.bin')
    code = "import torch; torch.load('evil.bin', weights_only=False)"
    subprocess.run([sys.executable, '-c', code], check=True)
    assert os.path.exists('CANARY')
    os.remove('CANARY')
    with pytest.raises(UnsafeCheckpointError, match='system'):
        load('evil.bin')


def test_trusted_by_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    torch.save({'where': tmp_path}, 'path.bin')
    assert load('path.bin') == {'where': tmp_path}


def test_not_trusted_is_refused(tmp_path):
    torch.save({'where': tmp_path}, 'path.bin')
    with pytest.raises(UnsafeCheckpointError, match='PosixPath|WindowsPath'):
        load('path.bin')


def test_tar(tmp_path):
    write_tar(
        tmp_path / 'evil.bin', program(call('os.system', 'touch CANARY'))
    )
    with pytest.raises(UnsafeCheckpointError, match='tar format'):
        load('evil.bin')


def test_tar_that_begins_like_a_pickle(tmp_path):
    data = pickle.dumps(Runs())
    write_tar(tmp_path / 'evil.bin', data)
    with tarfile.open('named.bin', 'w', encoding='latin1') as archive:
        archive.add('evil.bin', arcname='\x80storages')
    with pytest.raises(UnsafeCheckpointError, match='tar format'):
        load('named.bin')


def test_torchscript():
    torch.jit.script(torch.nn.Linear(1, 1)).save('program.bin')
    with pytest.raises(UnsafeCheckpointError, match='TorchScript'):
        load('program.bin')


def test_torchscript_made_by_hand(tmp_path):
    write_zip(tmp_path / 'a.bin', program(b'N'), extra=['constants.pkl'])
    with pytest.raises(UnsafeCheckpointError, match='TorchScript'):
        load('a.bin')


def test_history_state_is_checked(tmp_path):
    """A history cannot bring in methods or attributes of its own."""
    methods = {'mean': name('torch._utils._rebuild_tensor_v2')}
    opcodes = history(statistics_methods=methods, update='x')
    write_zip(tmp_path / 'a.bin', program(opcodes))
    loaded = load('a.bin')
    assert type(loaded) is HistoryBuffer
    assert loaded._statistics_methods['mean'] is HistoryBuffer.mean
    assert callable(loaded.update)


@pytest.mark.parametrize('opcodes', DAMAGED.values(), ids=DAMAGED)
def test_sizes_that_do_not_fit(opcodes, tmp_path):
    """Nothing beyond the data is read, and nothing huge is allocated."""
    write_zip(tmp_path / 'a.bin', program(opcodes), records={'0': bytes(16)})
    with pytest.raises(RuntimeError, match='Could not load a.bin'):
        load('a.bin')


@pytest.mark.parametrize('opcodes', DAMAGED.values(), ids=DAMAGED)
def test_sizes_on_an_old_torch(opcodes):
    """The unpickler for it, whatever torch is installed."""

    class Unpickler(PICKLE_MODULE.Unpickler):
        def find_class(self, module, name):
            if name == 'FloatStorage':
                return torch.serialization.StorageType(name)
            return super().find_class(module, name)

        def persistent_load(self, saved):
            return torch.FloatStorage(saved[-1])

    def load_with(opcodes):
        file = io.BytesIO(program(opcodes))
        return Unpickler(file, sizes={'0': 16}).load()

    assert load_with(tensor(STORAGE)).shape == (4,)
    with pytest.raises(ValueError, match='numpy|storage|layout|argument'):
        load_with(opcodes)


@pytest.mark.parametrize(
    'opcodes',
    [
        tensor(storage(4, None), size=(99,)),
        tensor(storage(4, None), offset=1),
        tensor(storage(-4, None)),
        tensor(storage(4, ('1', 3, 2)), size=(2,)),
        # The second would free the memory of the first.
        value(
            [
                tensor(storage(4, ('1', 1, 2)), size=(2,)),
                tensor(storage(4, None), size=(9999,)),
            ]
        ),
    ],
    ids=['long', 'behind', 'negative', 'view beyond', 'resized under a view'],
)
def test_sizes_in_the_old_format(opcodes, tmp_path):
    write_old(tmp_path / 'a.bin', program(tensor(storage(4, None))))
    assert load('a.bin').shape == (4,)
    write_old(tmp_path / 'a.bin', program(opcodes))
    with pytest.raises(RuntimeError, match='storage'):
        load('a.bin')


def test_what_occurs_often_or_in_itself(tmp_path):
    """Such a structure takes no longer than its size in the file."""
    opcodes = history() + b'q\x00'
    for _ in range(99):
        opcodes += b'h\x00\x86q\x00'
    write_zip(tmp_path / 'a.bin', program(opcodes))
    loaded = load('a.bin')
    while type(loaded) is tuple:
        first, loaded = loaded
        assert first is loaded
    assert type(loaded) is HistoryBuffer
    write_zip(tmp_path / 'b.bin', program(b']q\x00h\x00a'))
    loaded = load('b.bin')
    assert loaded[0] is loaded


def test_tensors_made_by_hand(tmp_path):
    """What the damaged ones are without the damage."""
    opcodes = value([tensor(STORAGE), tensor(storage(4), size=(2,))])
    write_zip(tmp_path / 'a.bin', program(opcodes), records={'0': bytes(16)})
    assert [list(x) for x in load('a.bin')] == [[0, 0, 0, 0], [0, 0]]


def test_no_connection_is_made(tmp_path):
    with socket.create_server(('127.0.0.1', 0)) as server:
        server.settimeout(0.2)
        address = server.getsockname()
        write_zip(
            tmp_path / 'a.bin',
            program(call('socket.create_connection', address)),
        )
        with pytest.raises(UnsafeCheckpointError, match='create_connection'):
            load('a.bin')
        with pytest.raises(TimeoutError):
            server.accept()
