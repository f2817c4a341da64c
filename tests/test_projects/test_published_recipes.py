"""The configs with the recipes of the papers, against what is public."""

import re
from functools import cache
from operator import attrgetter
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.registry import METRICS, MODELS, TRANSFORMS
from programs import ROOT
from published_facts import FACTS

PUBLISHED = sorted(
    path
    for path in ROOT.glob('projects/*/configs/*.py')
    if path.stem.endswith(('101_coco', '101_voc07'))
)

CASES = [(name, data) for name in FACTS for data in ('coco', 'voc07')]


@cache
def load(name, data):
    """What is public of a config, the config, and its model without values."""
    init_default_scope('mmpretrain')
    cfg = Config.fromfile(
        ROOT / f'projects/{name}/configs/{name}_r101_{data}.py'
    )
    return SimpleNamespace(
        facts=facts_of(name, data),
        cfg=cfg,
        model=MODELS.build(cfg.model).to('meta'),
    )


def facts_of(name, data):
    facts = dict(FACTS[name])
    of_data = {each: facts.pop(each, {}) for each in ('coco', 'voc07')}
    return facts | of_data[data]


def published(fact):
    """Runs a test over the configs of which a fact is public."""
    cases = [case for case in CASES if fact in facts_of(*case)]
    return pytest.mark.parametrize(('name', 'data'), cases)


@pytest.fixture
def recipe(name, data):
    init_default_scope('mmpretrain')
    return load(name, data)


def build_steps(pipeline):
    """Transforms between reading and packing, and the chance to mirror."""
    built = [TRANSFORMS.build(step) for step in pipeline[1:-1]]
    flips = [each for each in built if type(each).__name__ == 'RandomFlip']
    chance = sum(each.prob for each in flips)
    return [each for each in built if each not in flips], chance


def resizing(pipeline):
    """Interpolation and backend of each transform that resizes."""
    built, _ = build_steps(pipeline)
    resizers = ('Resize', 'MultiScaleCrop', 'MultiAspectCrop')
    return {
        (each.interpolation, each.backend)
        for each in built
        if type(each).__name__ in resizers
    }


@published('optimizer')
def test_optimizer(recipe):
    expected = dict(recipe.facts['optimizer'])
    wrapper = build_optim_wrapper(recipe.model, recipe.cfg.optim_wrapper)
    assert type(wrapper.optimizer).__name__ == expected.pop('type')
    clip = recipe.facts['clip']
    assert wrapper.clip_grad_kwargs == (clip and dict(max_norm=clip))

    rates = {True: expected.pop('backbone'), False: expected.pop('lr')}
    decay = expected.pop('decay')
    names = {p: name for name, p in recipe.model.named_parameters()}
    seen = set()
    for group in wrapper.optimizer.param_groups:
        assert group['weight_decay'] == decay
        assert expected.items() <= dict(group).items()
        for parameter in group['params']:
            inside = names[parameter].startswith('backbone.')
            assert group['lr'] == pytest.approx(rates[inside])
            seen.add(inside)
    assert seen == {True, False}


@published('schedule')
def test_schedule(recipe):
    expected = recipe.facts['schedule']
    schedule = recipe.cfg.param_scheduler
    if expected:
        assert expected.items() <= dict(schedule).items()
        assert schedule.by_epoch
    else:
        assert schedule == []
    assert recipe.cfg.train_cfg.max_epochs == recipe.facts['epochs']


@published('batch')
def test_batch(recipe):
    batch = recipe.facts['batch']
    assert recipe.cfg.auto_scale_lr.base_batch_size == batch
    loader = recipe.cfg.train_dataloader
    assert batch % loader.batch_size == 0
    drop_last = recipe.facts.get('drop_last', False)
    assert loader.get('drop_last', False) == drop_last


@published('frozen')
def test_frozen_parts(recipe):
    """The first parts of ResNet-101: the stem, then the stages."""
    frozen = recipe.facts['frozen']
    backbone = recipe.model.backbone
    backbone.train()
    parts = [backbone.norm1]
    parts += [getattr(backbone, f'layer{i}') for i in range(1, 5)]
    for i, part in enumerate(parts):
        assert all(p.requires_grad == (i >= frozen) for p in part.parameters())
        assert part.training == (i >= frozen)


@published('train')
def test_pipeline_of_training(recipe):
    check_pipeline(recipe, 'train')


@published('test')
def test_pipeline_of_the_test(recipe):
    check_pipeline(recipe, 'test')


def check_pipeline(recipe, split):
    expected = recipe.facts[split]
    pipeline = recipe.cfg[f'{split}_dataloader'].dataset.pipeline
    built, flip = build_steps(pipeline)
    assert [type(step).__name__ for step in built] == [
        name for name, _ in expected
    ]
    for step, (_, options) in zip(built, expected, strict=True):
        for name, value in options.items():
            assert getattr(step, name) == value, name
    if split == 'test':
        assert flip == 0
        assert pipeline == recipe.cfg.val_dataloader.dataset.pipeline
    elif 'flip' in recipe.facts:
        assert flip == recipe.facts['flip']


@published('resize')
def test_resizing(recipe):
    expected = recipe.facts['resize']
    for split in ('train', 'test'):
        pipeline = recipe.cfg[f'{split}_pipeline']
        assert resizing(pipeline) == {expected}


@pytest.mark.parametrize('path', PUBLISHED, ids=lambda path: path.stem)
def test_one_interpolation(path):
    """An image is resized for the test as it was for training."""
    init_default_scope('mmpretrain')
    cfg = Config.fromfile(path)
    used = resizing(cfg.train_pipeline) | resizing(cfg.test_pipeline)
    assert len({interpolation for interpolation, _ in used}) == 1


@published('size')
@pytest.mark.parametrize('split', ['train', 'test'])
def test_size_of_images_and_maps(recipe, split):
    size = recipe.facts['size']
    np.random.seed(0)
    image = np.random.randint(0, 256, (375, 500, 3), np.uint8)
    pipeline = Compose(recipe.cfg[f'{split}_pipeline'][1:-1])
    results = pipeline(dict(img=image, img_shape=image.shape[:2]))
    assert results['img'].shape == (size, size, 3)

    feats = recipe.model.backbone(torch.empty(2, 3, size, size, device='meta'))
    pooling = getattr(recipe.model.neck, 'pool_stride', 1)
    maps = [(side, side) for side in recipe.facts['maps']]
    assert [
        tuple(side // pooling for side in feat.shape[2:]) for feat in feats
    ] == maps


@published('shapes')
def test_widths(recipe):
    expected = recipe.facts['shapes']
    state = recipe.model.state_dict()
    classes = recipe.cfg.data_preprocessor.num_classes
    for name, shape in expected.items():
        shape = [classes if side == 'C' else side for side in shape]
        assert list(state[name].shape) == shape, name


@published('options')
def test_options(recipe):
    for name, value in recipe.facts['options'].items():
        assert attrgetter(name)(recipe.model) == value, name


@published('protocol')
def test_measures(recipe):
    facts, cfg = recipe.facts, recipe.cfg
    protocol = recipe.facts['protocol']
    for split in ('train', 'val', 'test'):
        dataset = cfg[f'{split}_dataloader'].dataset
        assert dataset.protocol == protocol
        if 'filter_empty' in facts:
            assert dataset.filter_empty == facts['filter_empty']
    if 'train_difficult' in facts:
        difficult = cfg.train_dataloader.dataset.difficult
        assert difficult == facts['train_difficult']
    for evaluator in (cfg.val_evaluator, cfg.test_evaluator):
        metric = METRICS.build(evaluator)
        assert metric.ap == facts['ap']
        assert metric.thr == facts.get('thr', 0.5)
        if 'difficult' in facts:
            assert metric.difficult == facts['difficult']


def test_scales_of_acfs():
    """256 pixels beside 288, of which the maps have 8 and 9 cells."""
    init_default_scope('mmpretrain')
    cfg = Config.fromfile(ROOT / 'projects/acfs/configs/acfs_r101_coco.py')
    model = MODELS.build(cfg.model)
    assert model.shrink(torch.rand(1, 3, 288, 288)).shape[2:] == (256, 256)


def test_srn_has_kernels_as_large_as_the_map():
    """A sixteenth of the images that each config gives it."""
    init_default_scope('mmpretrain')
    for path in ROOT.glob('projects/srn/configs/*_r101_*.py'):
        cfg = Config.fromfile(path)
        (size,) = {
            getattr(step, 'size', None) or step.scale[0]
            for split in ('train', 'test')
            for step in build_steps(cfg[f'{split}_pipeline'])[0]
        }
        assert cfg.model.head.map_size == size / 16


def test_salgl_averages_its_weights():
    for data in ('coco', 'voc07'):
        cfg = Config.fromfile(
            ROOT / f'projects/salgl/configs/salgl_r101_{data}.py'
        )
        hooks = {hook.type: hook for hook in cfg.custom_hooks}
        assert 1 - hooks['EMAHook'].momentum == pytest.approx(0.9997)
        assert hooks['EMAHook'].update_buffers


@pytest.mark.parametrize('path', PUBLISHED, ids=lambda path: path.stem)
def test_commands_have_the_batch_of_the_recipe(path):
    """On as many GPUs as the page says, or the learning rate is scaled."""
    page = (path.parents[1] / 'README.md').read_text('utf-8')
    name = re.escape(str(path.relative_to(ROOT)))
    commands = re.findall(
        rf'^(?:bash tools/dist_train\.sh|python tools/train\.py) {name}(.*)$',
        page,
        re.M,
    )
    assert commands
    cfg = Config.fromfile(path)
    for options in commands:
        if '--auto-scale-lr' not in options:
            gpus = int((re.match(r' (\d+)', options) or [0, 1])[1])
            batch = gpus * cfg.train_dataloader.batch_size
            assert batch == cfg.auto_scale_lr.base_batch_size
