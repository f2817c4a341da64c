import sys
from importlib.util import module_from_spec, spec_from_file_location
from types import SimpleNamespace

import pytest
from programs import ROOT, run_program
from test_engine.tiny import make_data, tiny_config

TOOLS = ROOT / 'tools'


@pytest.fixture(scope='session')
def run_tool():
    """Runs a tool of the name as a program of its own."""

    def run(name, *args, cwd=None):
        return run_program(TOOLS / name, *args, cwd=cwd)

    return run


@pytest.fixture
def call_tool(monkeypatch, tmp_path):
    """Loads a tool as a module that sees the given arguments.

    It works in an empty folder.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('LOCAL_RANK', raising=False)

    def load(name, *args):
        path = TOOLS / name
        monkeypatch.syspath_prepend(str(path.parent))
        monkeypatch.setattr(sys, 'argv', [str(path), *map(str, args)])
        spec = spec_from_file_location(f'tool_{path.stem}', path)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope='session')
def tiny(tmp_path_factory, run_tool):
    """A config, and a checkpoint and logs that tools/train.py made by it."""
    folder = tmp_path_factory.mktemp('tiny')
    make_data(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        cfg = tiny_config(folder, folder / 'work')
    cfg.pop('work_dir')
    cfg.pop('experiment_name')
    cfg.visualizer.pop('name')
    cfg.log_level = 'INFO'
    dataset = cfg.train_dataloader.dataset
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='RandomFlip', prob=0.0),
        dict(type='PackInputs'),
    ]
    for split in ('val', 'test'):
        loader = dict(
            batch_size=4,
            num_workers=0,
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dict(dataset, pipeline=pipeline),
        )
        metric = dict(type='MultiLabelRecognitionMetric')
        cfg.merge_from_dict(
            {
                f'{split}_dataloader': loader,
                f'{split}_evaluator': metric,
                f'{split}_cfg': {},
            }
        )
    config = folder / 'tiny.py'
    cfg.dump(config)
    done = run_tool('train.py', config, '--work-dir', folder / 'work')
    assert done.returncode == 0, done.stderr
    return SimpleNamespace(
        config=config,
        work_dir=folder / 'work',
        checkpoint=folder / 'work/epoch_2.pth',
        output=done.stdout + done.stderr,
    )
