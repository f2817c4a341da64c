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
from checkpoint_attacks import ARRAY, ATTACKS, FLOAT, HISTORY, value_array
from checkpoint_files import (
    FORMATS,
    call,
    name,
    program,
    value,
    values,
    write_tar,
    write_zip,
)
from mmengine.logging import HistoryBuffer

from mmsrdl.checkpoint import UnsafeCheckpointError, load
from mmsrdl.checkpoint.restricted_unpickler import PICKLE_MODULE


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
        PICKLE_MODULE.load(io.BytesIO(program(opcodes)))


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
    state = {
        '_log_history': value_array(),
        '_count_history': value_array(),
        'max_length': 5,
        'statistics_methods': {
            'mean': name('torch._utils._rebuild_tensor_v2')
        },
        'update': 'x',
    }
    write_zip(
        tmp_path / 'a.bin',
        program(name(HISTORY) + b')\x81' + value(state) + b'b'),
    )
    history = load('a.bin')
    assert type(history) is HistoryBuffer
    assert history._statistics_methods['mean'] is HistoryBuffer.mean
    assert callable(history.update)


def test_short_array(tmp_path):
    """A shape larger than the data reads nothing beyond it."""
    state = values(1, (9999,), FLOAT, False, call('_codecs.encode', 'ab'))
    write_zip(tmp_path / 'a.bin', program(ARRAY + state + b'b'))
    with pytest.raises(RuntimeError, match='Could not load'):
        load('a.bin')


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
