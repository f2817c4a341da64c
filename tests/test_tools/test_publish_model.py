import copy
import hashlib
import re
from pathlib import Path

import pytest
import torch
from checkpoint_files import assert_same
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain import get_model

from mmsrdl.checkpoint import load

TOOL = 'model_converters/publish_model.py'


@pytest.fixture
def publish(call_tool, capsys):
    """Publishes a checkpoint; returns the path of the result."""

    def run(in_file, out_file='out.pth', *args):
        call_tool(TOOL, in_file, out_file, *args).main()
        (path,) = re.findall(r'^Saved (.*)$', capsys.readouterr().out, re.M)
        return Path(path)

    return run


@pytest.fixture
def refused(call_tool, capsys):
    """The message with which the tool ends at once."""

    def run(*args):
        with pytest.raises(SystemExit) as caught:
            call_tool(TOOL, *args).main()
        assert caught.value.code == 2
        return capsys.readouterr().err

    return run


def test_published(publish, tiny):
    before = tiny.checkpoint.read_bytes()
    path = publish(tiny.checkpoint)
    assert tiny.checkpoint.read_bytes() == before
    digits = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    assert re.fullmatch(rf'out_\d{{8}}-{digits}\.pth', path.name)
    assert path.stat().st_size < len(before) / 2  # Adam has two per weight
    published, trained = load(path), load(tiny.checkpoint)
    assert set(published) == {'meta', 'state_dict'}
    assert_same(dict(trained['state_dict']), published['state_dict'])
    classes = ('circle', 'square', 'cross')
    assert tuple(published['meta']['dataset_meta']['classes']) == classes
    assert published['meta']['mmsrdl_version']
    model = get_model(Config.fromfile(tiny.config), pretrained=str(path))
    assert_same(dict(model.state_dict()), published['state_dict'])
    torch.load(path, weights_only=True)  # needs nothing of ours


def test_folders_of_the_machine_are_not_published(publish, tiny):
    folder = str(tiny.checkpoint.parent).encode()
    assert folder in load(tiny.checkpoint)['meta']['cfg'].encode()
    path = publish(tiny.checkpoint)
    assert folder not in path.read_bytes()
    assert set(load(path)['meta']) == {
        *('dataset_meta', 'epoch', 'iter', 'seed', 'time'),
        *('mmengine_version', 'mmpretrain_version', 'mmsrdl_version'),
    }


def test_same_content_has_the_same_name(publish, tiny):
    first = publish(tiny.checkpoint, 'a.pth').name.removeprefix('a')
    assert first == publish(tiny.checkpoint, 'b.pth').name.removeprefix('b')


def test_program(run_tool, tiny, tmp_path):
    done = run_tool(TOOL, tiny.checkpoint, tmp_path / 'out.pth')
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob('out_*.pth'))) == 1


@pytest.fixture(scope='module')
def averaged(tiny, tmp_path_factory):
    """A checkpoint with a moving average, and what was trained."""
    cfg = Config.fromfile(tiny.config)
    cfg.custom_hooks = [dict(type='EMAHook', momentum=0.5)]
    cfg.work_dir = str(tmp_path_factory.mktemp('ema'))
    cfg.train_cfg.max_epochs = 1
    runner = Runner.from_cfg(cfg)
    runner.train()
    trained = copy.deepcopy(dict(runner.model.state_dict()))
    return Path(cfg.work_dir, 'epoch_1.pth'), trained


def test_moving_average(publish, averaged):
    path, trained = averaged
    average = load(path)['state_dict']
    assert not torch.equal(average['head.f_w.bias'], trained['head.f_w.bias'])
    published = load(publish(path))
    assert set(published) == {'meta', 'state_dict'}
    assert_same(dict(average), published['state_dict'])
    published = load(publish(path, 'out.pth', '--no-ema'))
    assert_same(trained, published['state_dict'])


def test_bare_weights(publish, capsys):
    torch.save({'a': torch.ones(1)}, 'bare.pth')
    assert load(publish('bare.pth'))['state_dict']['a'].item() == 1
    path = publish('bare.pth', 'out.pth', '--dataset-type', 'VOC')
    assert len(load(path)['meta']['dataset_meta']['classes']) == 20


def test_missing_classes_are_told(call_tool, tmp_path, capsys):
    torch.save({'a': torch.ones(1)}, tmp_path / 'bare.pth')
    call_tool(TOOL, 'bare.pth', 'out.pth').main()
    assert 'names of its classes' in capsys.readouterr().err


def test_wrong_arguments(refused, tiny, tmp_path):
    path = tiny.checkpoint
    assert 'there is no checkpoint a.pth' in refused('a.pth', 'b.pth')
    assert 'there is no folder' in refused(path, 'no/b.pth')
    assert 'are the same file' in refused(path, path)
    assert 'no data set Abc' in refused(path, 'b.pth', '--dataset-type', 'Abc')
