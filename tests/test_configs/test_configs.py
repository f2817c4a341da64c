from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import METRICS, MODELS, TRANSFORMS
from mmpretrain.structures import DataSample

from mmsrdl.models.layers import ObjectErasing

ROOT = Path(__file__).parents[2] / 'configs'
LEAVES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in ROOT.rglob('*.py')
    if not {'_base_', 'deploy'} & set(path.parts)
)


def load(name):
    init_default_scope('mmpretrain')
    return Config.fromfile(ROOT / name)


def depth(path):
    bases = Config._get_base_files(str(path))
    return 1 + max(
        (depth((path.parent / base).resolve()) for base in bases), default=0
    )


@pytest.fixture
def runner_of(tmp_path, monkeypatch):
    """Makes the Runner of a config, without asking for compilers."""
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)

    def make(config):
        config.work_dir = str(tmp_path)
        return Runner.from_cfg(config)

    return make


@pytest.mark.parametrize('name', LEAVES)
def test_every_config_builds(name, runner_of):
    config = load(name)
    model = runner_of(config).model
    optim_wrapper = build_optim_wrapper(model, config.optim_wrapper)
    schedulers = config.param_scheduler
    for scheduler in (
        [schedulers] if isinstance(schedulers, dict) else (schedulers)
    ):
        convert = scheduler.pop('convert_to_iter_based', False)
        build = PARAM_SCHEDULERS.build
        if convert:
            cls = PARAM_SCHEDULERS.get(scheduler.pop('type'))
            cls.build_iter_from_epoch(
                optimizer=optim_wrapper, epoch_length=10, **scheduler
            )
        else:
            build(dict(scheduler, optimizer=optim_wrapper))
    for pipeline in (config.train_pipeline, config.test_pipeline):
        Compose([TRANSFORMS.build(step) for step in pipeline])
    for evaluator in (config.val_evaluator, config.test_evaluator):
        METRICS.build(evaluator)

    classes = model.head.num_classes
    assert classes == config.data_preprocessor.num_classes
    erases = any(isinstance(m, ObjectErasing) for m in model.modules())
    hooks = [hook.type for hook in config.custom_hooks]
    assert erases == ('ObjectErasingHook' in hooks)
    assert {'epoch_seed', 'label_check'} < set(config.default_hooks)
    assert config.auto_scale_lr.base_batch_size > 0
    assert config.train_dataloader.persistent_workers is False
    assert not config.test_dataloader.get('drop_last', False)
    assert depth(ROOT / name) <= 3

    size = 448 if 'swin' in name else 64
    images = torch.rand(2, 3, size, size)
    sample = [DataSample().set_gt_label([0]), DataSample().set_gt_label([])]
    losses = model.loss(images, sample)
    total = sum(value for key, value in losses.items() if 'loss' in key)
    total.backward()
    assert total.isfinite()
    for key, parameter in model.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, key


def test_paper_recipe():
    config = load('srdl/srdl_r101_coco.py')
    optimizer = config.optim_wrapper.optimizer
    assert optimizer == dict(
        type='Adam', lr=1e-5, betas=(0.9, 0.999), weight_decay=5e-4
    )
    assert config.train_dataloader.batch_size == 2
    assert config.auto_scale_lr.base_batch_size == 8 * 2
    assert config.train_cfg.max_epochs == 20
    assert config.param_scheduler.milestones == [10]
    crop = config.train_pipeline[1]
    assert (crop.type, crop.resize, crop.size) == ('MultiScaleCrop', 512, 448)
    assert tuple(crop.crop_sizes) == (512, 448, 384, 320, 256)

    model = MODELS.build(config.model).train()
    frozen = [
        not any(p.requires_grad for p in stage.parameters())
        and not any(m.training for m in stage.modules())
        for stage in (
            model.backbone.layer1,
            model.backbone.layer2,
            model.backbone.layer3,
            model.backbone.layer4,
        )
    ]
    assert frozen == [True, True, True, False]
    with torch.no_grad():
        attention = model.head.attend(
            model.extract_feat(torch.rand(1, 3, 448, 448))
        )
    assert attention.spatial.shape == (1, 80, 14, 14)


def test_roots_come_from_the_environment(monkeypatch):
    default = load('srdl/srdl_r101_coco.py')
    assert default.train_dataloader.dataset.data_root == 'data/coco'
    monkeypatch.setenv('COCO_ROOT', 'elsewhere/coco')
    monkeypatch.setenv('LABEL_EMBEDDING_ROOT', 'elsewhere/labels')
    config = load('srdl/srdl_r101_coco.py')
    assert config.train_dataloader.dataset.data_root == 'elsewhere/coco'
    embedding = config.model.neck.label_embedding
    assert embedding == 'elsewhere/labels/coco_glove-6b_300d.npz'
