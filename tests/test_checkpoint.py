"""What a checkpoint may hold, and files that are none."""

from collections import Counter

import numpy as np
import pytest
import torch
from checkpoint_files import assert_same
from mmengine.logging import HistoryBuffer
from mmengine.registry import PARAM_SCHEDULERS

from mmsrdl.checkpoint import load


def runner_like():
    """Everything that a Runner's checkpoint may hold, and some more."""
    layer = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(torch.rand(4, 3)).sum().backward()
    optimizer.step()
    shared = torch.rand(4)
    return {
        'meta': {'epoch': 3, 'dataset_meta': {'classes': ('cat', 'dog')}},
        'state_dict': layer.state_dict(),
        'optimizer': optimizer.state_dict(),
        'message_hub': {
            'log_scalars': {
                'loss': HistoryBuffer([1.0, 2.0, 6.0], [1, 1, 1]),
                'empty': HistoryBuffer(),
            },
            'runtime_info': {
                'best': np.float64(0.5),
                'step': np.int32(-7),
                'better': np.bool_(True),
                'name': np.str_('mAP'),
                'big_endian': np.arange(3, dtype='>i2'),
                'columns': np.asfortranarray(np.arange(6.0).reshape(2, 3)),
                'scalar': np.array(3),
                'none': np.zeros((0, 4), np.float16),
            },
        },
        'half': torch.ones(2, dtype=torch.bfloat16),
        'mask': torch.tensor([True, False]),
        'parameter': torch.nn.Parameter(torch.ones(2)),
        'views': [shared, shared[1:]],
        'others': [{1, 2}, 1j, b'\xff\x00', 2**70, torch.Size([2]), None],
        'torch': [torch.float16, torch.device('cpu')],
        'counts': Counter('aab'),
    }


@pytest.mark.parametrize('zipped', [True, False])
def test_everything_in_a_checkpoint(tmp_path, zipped):
    saved = runner_like()
    path = tmp_path / 'a.pth'
    torch.save(saved, path, _use_new_zipfile_serialization=zipped)
    loaded = load(path, map_location='cpu')
    assert_same(saved, loaded)
    assert loaded['state_dict']._metadata == saved['state_dict']._metadata
    first, second = loaded['views']
    first[1] = 7
    assert second[0] == 7
    history = loaded['message_hub']['log_scalars']['loss']
    assert history.mean() == 3
    history.update(11)
    assert history.current() == 11
    loaded['message_hub']['runtime_info']['columns'][0] = 5  # writable


@pytest.mark.parametrize('module', [b'numpy._core', b'numpy.core'])
def test_saved_by_either_numpy(tmp_path, module):
    saved = [np.arange(3.0), np.float32(2), HistoryBuffer([1.0], [1])]
    path = tmp_path / 'a.pth'
    torch.save(saved, path, _use_new_zipfile_serialization=False)
    old = path.read_bytes()
    new = old.replace(b'numpy._core', b'numpy.core')
    path.write_bytes(new.replace(b'numpy.core', module))
    assert module + b'.multiarray' in path.read_bytes()
    assert_same(saved, load(path))


def test_open_file(tmp_path):
    torch.save({'a': 1}, tmp_path / 'a.pth')
    with open(tmp_path / 'a.pth', 'rb') as file:
        assert load(file) == {'a': 1}


def test_plain_torch_load_is_left_alone(tmp_path):
    """No allow-list of ours stays behind in torch."""
    if hasattr(torch.serialization, 'get_safe_globals'):
        before = set(torch.serialization.get_safe_globals())
        torch.save([HistoryBuffer()], tmp_path / 'a.pth')
        load(tmp_path / 'a.pth')
        assert set(torch.serialization.get_safe_globals()) == before


@pytest.mark.parametrize(
    ('content', 'expected'),
    [
        (b'', 'is not a PyTorch checkpoint'),
        (b'<!DOCTYPE html>', 'is not a PyTorch checkpoint'),
        (b'version https://git-lfs', 'is not a PyTorch checkpoint'),
        (b'PK\x03\x04 and no more', 'it may be damaged'),
        (b'\x80\x02', 'it may be damaged'),
    ],
)
def test_not_a_checkpoint(tmp_path, content, expected):
    path = tmp_path / 'a.pth'
    path.write_bytes(content)
    with pytest.raises(RuntimeError, match=f'a.pth,? {expected}'):
        load(path)


@pytest.mark.parametrize('zipped', [True, False])
@pytest.mark.parametrize('part', [0.5, 0.99])
def test_cut_off(tmp_path, zipped, part):
    path = tmp_path / 'a.pth'
    weights = {'w': torch.rand(999)}
    torch.save(weights, path, _use_new_zipfile_serialization=zipped)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(RuntimeError, match='Could not load .*a.pth'):
        load(path)


def test_device_that_is_missing(tmp_path):
    torch.save({'w': torch.ones(1)}, tmp_path / 'b.pth')
    with pytest.raises(RuntimeError, match='Could not load .*b.pth'):
        load(tmp_path / 'b.pth', map_location='nowhere')


def test_wrong_path(tmp_path):
    with pytest.raises(FileNotFoundError, match='b.pth does not exist'):
        load(tmp_path / 'b.pth')
    with pytest.raises(FileNotFoundError, match='is a folder'):
        load(tmp_path)


@pytest.mark.parametrize(
    'options',
    [
        dict(type='OneCycleLR', eta_max=0.1, total_steps=5),
        dict(
            type='OneCycleLR',
            eta_max=0.1,
            total_steps=5,
            anneal_strategy='linear',
        ),
        dict(type='MultiStepLR', milestones=[1, 3]),
        dict(type='CosineAnnealingLR', T_max=5),
        dict(type='ReduceOnPlateauLR', monitor='loss'),
    ],
)
def test_state_of_schedules_loads(tmp_path, options):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    scheduler = PARAM_SCHEDULERS.build(dict(options, optimizer=optimizer))
    torch.save(scheduler.state_dict(), tmp_path / 'state.pth')
    assert load(tmp_path / 'state.pth') == scheduler.state_dict()
