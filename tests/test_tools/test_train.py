import json
import os

import pytest
from mmengine.config import Config

from mmsrdl.checkpoint import load


@pytest.fixture
def merged(call_tool, tiny):
    """The config after the arguments have changed it."""

    def merge(*args, config=tiny.config):
        tool = call_tool('train.py', config, *args)
        parsed, cfg = tool.parse_args()
        tool.merge_args(cfg, parsed)
        return cfg

    return merge


@pytest.fixture
def refused(call_tool, tiny, capsys):
    """The message with which the tool ends at once."""

    def refuse(*args, config=tiny.config):
        tool = call_tool('train.py', config, *args)
        with pytest.raises(SystemExit) as caught:
            tool.main()
        assert caught.value.code == 2
        return capsys.readouterr().err

    return refuse


def test_trains_and_validates(tiny):
    assert (tiny.work_dir / 'epoch_1.pth').is_file()
    assert load(tiny.checkpoint)['meta']['epoch'] == 2
    (scalars,) = tiny.work_dir.glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in scalars.read_text().splitlines()]
    assert sum('multi-label/mAP' in line for line in lines) == 2
    assert sum('loss_era' in line for line in lines) > 0


def test_resumes_from_the_last_checkpoint(call_tool, tiny, capsys):
    options = ['--work-dir', 'work', '--no-validate', '--cfg-options']
    call_tool(
        'train.py', tiny.config, *options, 'train_cfg.max_epochs=1'
    ).main()
    tool = call_tool('train.py', tiny.config, '--resume', *options, 'x=1')
    capsys.readouterr()
    tool.main()
    captured = capsys.readouterr()
    assert 'resumed epoch: 1' in captured.out + captured.err
    assert load('work/epoch_2.pth')['meta']['epoch'] == 2


def test_resume(merged, tiny):
    cfg = merged('--resume')
    assert cfg.resume is True
    assert cfg.load_from is None
    cfg = merged('--resume', tiny.checkpoint)
    assert cfg.resume is True
    assert cfg.load_from == str(tiny.checkpoint)
    assert merged().resume is False


def test_work_dir(merged, tmp_path):
    assert merged().work_dir == 'work_dirs/tiny'
    assert merged('--work-dir', 'a b').work_dir == 'a b'


def test_amp(merged):
    wrapper = merged('--amp').optim_wrapper
    assert wrapper.type == 'AmpOptimWrapper'
    assert wrapper.loss_scale == 'dynamic'


def test_no_validate(merged):
    cfg = merged('--no-validate')
    assert cfg.val_cfg is cfg.val_dataloader is cfg.val_evaluator is None
    assert cfg.test_dataloader is not None


def test_auto_scale_lr(merged, refused, tiny):
    option = 'auto_scale_lr=None'
    message = refused('--auto-scale-lr')
    assert 'lacks auto_scale_lr=dict(base_batch_size=...)' in message
    path = tiny.config.with_name('scaled.py')
    path.write_text(
        "_base_ = './tiny.py'\nauto_scale_lr = dict(base_batch_size=16)\n"
    )
    assert merged('--auto-scale-lr', config=path).auto_scale_lr.enable is True
    assert 'enable' not in merged(config=path).auto_scale_lr
    assert merged('--cfg-options', option).auto_scale_lr is None


def test_loaders(merged):
    loader = merged().train_dataloader
    assert loader.pin_memory is True
    assert loader.collate_fn.type == 'default_collate'
    assert loader.persistent_workers is False
    assert merged('--no-pin-memory').val_dataloader.pin_memory is False


def test_persistent_workers(merged):
    keep = [
        '--cfg-options',
        'train_dataloader.num_workers=2',
        'train_dataloader.persistent_workers=True',
    ]
    assert merged(*keep).train_dataloader.persistent_workers is True
    # There is nothing to keep: PyTorch would raise an error.
    keep[1] = 'train_dataloader.num_workers=0'
    assert merged(*keep).train_dataloader.persistent_workers is False


def test_no_persistent_workers(merged, tiny):
    path = tiny.config.with_name('persistent.py')
    path.write_text(
        "_base_ = './tiny.py'\n"
        'train_dataloader = dict(num_workers=1, persistent_workers=True)\n'
    )
    assert merged(config=path).train_dataloader.persistent_workers is True
    cfg = merged('--no-persistent-workers', config=path)
    assert cfg.train_dataloader.persistent_workers is False


@pytest.mark.parametrize('option', ['--local_rank', '--local-rank'])
def test_local_rank(merged, monkeypatch, option):
    monkeypatch.setenv('LOCAL_RANK', '3')
    merged(option, '5')
    assert os.environ['LOCAL_RANK'] == '3'
    monkeypatch.delenv('LOCAL_RANK')
    merged(f'{option}=5', '--launcher', 'pytorch')
    assert os.environ['LOCAL_RANK'] == '5'


def test_runner_type(call_tool, monkeypatch):
    tool = call_tool('train.py')
    built = []
    monkeypatch.setattr(
        tool.build_runner.__globals__['RUNNERS'], 'build', built.append
    )
    cfg = Config(dict(runner_type='FlexibleRunner'))
    tool.build_runner(cfg)
    assert built == [cfg]


def test_wrong_paths(refused):
    assert 'there is no config a.py' in refused(config='a.py')
    assert 'no checkpoint a.pth' in refused('--resume', 'a.pth')
