"""The runner of experiments, on a few synthetic images."""

import json
import re
from importlib import import_module

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS

from mmsrdl.datasets.label_sets import VOC_CLASSES
from mmsrdl.datasets.synthetic_objects import DRAWINGS
from mmsrdl.datasets.synthetic_voc import write_synthetic_voc

TOOL = 'benchmarks/ablation.py'
SMALL = 'configs/srdl/gmp_mobilenet-v2_voc07-224px_measured.py'
RANDOM_WEIGHTS = {
    'model.backbone.init_cfg': None,
    'train_dataloader.num_workers': 0,
    'test_dataloader.num_workers': 0,
    'val_dataloader.num_workers': 0,
}


@pytest.fixture
def voc(tmp_path, monkeypatch):
    root = tmp_path / 'voc'
    write_synthetic_voc(root, 5, 3, 4, 64, num_workers=1)
    # Under other names: what they show does not matter here.
    renamed = {name: VOC_CLASSES[i % 20] for i, name in enumerate(DRAWINGS)}
    for path in (root / 'Annotations').iterdir():
        text = re.sub(
            '<name>(.*?)</name>',
            lambda match: f'<name>{renamed[match[1]]}</name>',
            path.read_text(),
        )
        path.write_text(text)
    monkeypatch.setenv('VOC_ROOT', str(root))
    return root


@pytest.fixture
def tool(call_tool, voc):
    init_default_scope('mmpretrain')
    return call_tool(TOOL)


@pytest.fixture
def features(tool):
    return import_module('_frozen_features')


def build(tool, **options):
    row = dict(config=SMALL, options={**RANDOM_WEIGHTS, **options})
    return tool.build_config(row, 3, 'test')


def test_config_of_a_run(tool):
    """The schedule follows the options, the splits follow --split."""
    cfg = build(
        tool,
        **{'train_cfg.max_epochs': 7, 'optim_wrapper.optimizer.lr': 4e-4},
    )
    assert cfg.param_scheduler.total_steps == 7
    assert cfg.param_scheduler.eta_max == 4e-4
    assert cfg.randomness.seed == 3
    assert cfg.train_dataloader.dataset.split == 'trainval'
    assert cfg.test_dataloader.dataset.split == 'test'
    val = tool.build_config(dict(config=SMALL, options={}), 0, 'val')
    assert val.train_dataloader.dataset.split == 'train'
    assert val.test_dataloader.dataset.split == 'val'


def test_name_of_a_run(tool, monkeypatch, tmp_path):
    """Equal wherever the data is, and for nothing else."""
    name = tool.name_run(build(tool), 2)
    monkeypatch.setenv('VOC_ROOT', str(tmp_path / 'elsewhere'))
    assert tool.name_run(build(tool), 2) == name
    monkeypatch.delenv('VOC_ROOT')
    assert tool.name_run(build(tool), 2) == name
    assert tool.name_run(build(tool), 0) != name
    other = build(tool, **{'optim_wrapper.optimizer.lr': 1e-3})
    assert tool.name_run(other, 2) != name


def test_features_are_those_of_the_images(tool, features, tmp_path):
    """What the network makes of both is the same, but for float16."""
    weights = tmp_path / 'weights.pth'
    backbone = MODELS.build(dict(type='MobileNetV2'))
    backbone.init_weights()
    for layer in backbone.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1  # so that no map vanishes
    backbone(torch.randn(4, 3, 224, 224))
    states = backbone.state_dict()
    torch.save({f'backbone.{k}': v for k, v in states.items()}, weights)
    init_cfg = dict(type='Pretrained', checkpoint=str(weights))
    cfg = build(tool, **{'model.backbone.init_cfg': init_cfg})
    folders = {
        split: features.store_features(cfg, split, tmp_path / 'features', n)
        for split, n in (('train', 2), ('test', 1))
    }
    later = features.use_stored_features(cfg, folders)
    outputs, states = [], []
    for config in (cfg, later):
        model = MODELS.build(
            dict(config.model, data_preprocessor=config.data_preprocessor)
        )
        model.init_weights()
        states.append(model.state_dict())
        model.backbone.eval()
        batch = next(iter(Runner.build_dataloader(config.test_dataloader)))
        with torch.no_grad():
            inputs = model.data_preprocessor(batch)['inputs']
            outputs.append(model.backbone(inputs)[0])
    of_images, of_features = outputs
    assert states[0].keys() == states[1].keys()
    scale = of_images.abs().max()
    assert scale > 0 and of_images.var(0).max() > 0
    assert (of_images - of_features).abs().max() <= 2e-3 * scale

    views = [np.load(path) for path in (tmp_path / 'features').rglob('*.npy')]
    assert sorted(len(view) for view in views) == [1] * 4 + [2] * 8
    assert all(view.shape[1:] == (14, 14, 96) for view in views)
    first, second = next(view for view in views if len(view) == 2)
    assert (first != second).any()


def test_another_network_is_refused(tool, features, tmp_path):
    cfg = Config.fromfile(tool.ROOT / 'configs/srdl/srdl_r101_voc07.py')
    with pytest.raises(ValueError, match='frozen_stages=3. Use --views 0'):
        features.store_features(cfg, 'train', tmp_path, 1)
    cfg = build(tool, **{'model.backbone.frozen_stages': -1})
    with pytest.raises(ValueError, match='frozen_stages=-1'):
        features.store_features(cfg, 'train', tmp_path, 1)


@pytest.mark.slow
@pytest.mark.parametrize('views', [0, 2])
def test_runs_and_reports(tool, call_tool, tmp_path, capsys, views):
    options = {**RANDOM_WEIGHTS, 'train_cfg.max_epochs': 1}
    experiments = tmp_path / 'experiments'
    experiments.mkdir()
    rows = {
        'one': dict(config=SMALL, options=options, published=91.8),
        'two': dict(
            config=SMALL.replace('gmp', 'srdl'),
            options={**options, 'model.neck.label_embedding': 'random'},
        ),
    }
    experiment = Config(dict(title='Tiny', rows=rows))
    experiment.dump(experiments / 'parts.py')
    page, runs = tmp_path / 'page.md', tmp_path / 'runs.jsonl'
    page.write_text(
        'a\n\n<!-- begin of parts -->\nold\n<!-- end of parts -->\n\nb\n'
    )
    args = (
        'parts', '--seeds', 0, 1, '--views', views, '--jobs', 1, '--runs',
        runs, '--page', page, '--work-dir', tmp_path / 'work',
    )  # fmt: skip

    def run(*more):
        loaded = call_tool(TOOL, *args, *more)
        loaded.EXPERIMENTS = experiments
        loaded.main()
        return [json.loads(line) for line in runs.read_text().splitlines()]

    lines = run('--rows', 'one')
    assert [(line['row'], line['seed']) for line in lines] == [
        ('one', 0),
        ('one', 1),
    ]
    lines = run()
    assert [line['row'] for line in lines] == ['one', 'one', 'two', 'two']
    for line in lines:
        assert 0 < line['mAP'] <= 100 and line['train_seconds'] > 0
        assert line['views'] == views and line['versions']['torch']
        assert str(tmp_path) not in json.dumps(line)
    assert run('--report-only') == lines

    text = page.read_text()
    assert text.startswith('a\n\n<!--') and text.endswith('-->\n\nb\n')
    assert 'old' not in text and '| one | 2 |' in text and '±' in text
    assert '91.8' in text and 'ablation.py parts --seeds 0 1' in text
    plot = tmp_path / 'page' / 'parts.png'
    assert plot.read_bytes().startswith(b'\x89PNG')
    with pytest.raises(SystemExit, match="no rows \\['three'\\]"):
        run('--rows', 'three')


def test_a_run_that_fails_is_named(tool, tmp_path, monkeypatch):
    """The others go on, and their lines are kept."""
    monkeypatch.setattr(
        'sys.argv',
        ['ablation.py', 'parts', '--views', '0', '--jobs', '1', '--runs',
         str(tmp_path / 'runs.jsonl')],
    )  # fmt: skip

    def fail_once(device, function, text, *more):
        if "'fails'" in text:
            raise RuntimeError('too large')
        return dict(mAP=50.0, train_seconds=60.0)

    monkeypatch.setattr(tool, 'run_apart', fail_once)
    tasks = [
        (dict(run='a', row='one', seed=0), Config(dict(name='fails'))),
        (dict(run='b', row='two', seed=0), Config(dict(name='works'))),
    ]
    args = tool.parse_args()
    assert tool.run_all(tasks, args) == ['one, seed 0: too large']
    assert list(tool.read_runs(args.runs)) == ['b']
