"""The configs with the recipes of the papers, against what is public of them.

Only facts that a paper or its code states are here. What was chosen for want
of one, which each method's README lists, is not.
"""

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

PUBLISHED = sorted(
    path
    for path in ROOT.glob('projects/*/configs/*.py')
    if path.stem.endswith(('101_coco', '101_voc07'))
)

PILLOW = ('bilinear', 'pillow')
"""What torchvision's Resize and crops written for it do."""


def sgd(lr, backbone, weight_decay=1e-4):
    return dict(
        type='SGD', lr=lr, backbone=backbone, momentum=0.9, decay=weight_decay
    )


def steps(*milestones):
    return dict(type='MultiStepLR', milestones=[*milestones], gamma=0.1)


def square(side):
    return ('Resize', dict(scale=(side, side)))


ASPECT_CROP = (
    'MultiAspectCrop',
    dict(size=448, scales=(1.0, 0.875, 0.75, 0.66, 0.5), max_gap=2),
)
GRAPH_NETWORK = {
    'neck.label_embedding': ('C', 300),
    'head.gcn.layers.0.weight': (300, 1024),
    'head.gcn.layers.1.weight': (1024, 2048),
}
AS_ML_GCN = dict(
    coco=dict(protocol='coco14', filter_empty=True, ap='area'),
    voc07=dict(
        protocol='voc07-ml-gcn',
        train_difficult='positive',
        difficult=dict(ap='ignore', f1='negative'),
        ap='area',
    ),
)

FACTS = dict(
    ml_gcn=dict(
        optimizer=sgd(0.01, 0.001),  # the paper's
        clip=10,
        epochs=20,
        schedule=[],  # its step is at 30
        batch=32,
        frozen=0,
        train=[ASPECT_CROP],
        flip=0.5,
        test=[square(448)],
        resize=PILLOW,
        size=448,
        maps=[14],
        shapes=GRAPH_NETWORK,
        options={
            'neck.threshold': 0.4,
            'neck.share': 0.25,
            'neck.reverse': False,
        },
        **AS_ML_GCN,
    ),
    gcn_ms_sga=dict(
        train=[
            (
                'MultiAspectCrop',
                dict(scales=(1.0, 0.875, 0.75, 0.66), max_gap=1),
            )
        ],
        resize=PILLOW,
        shapes={
            **GRAPH_NETWORK,
            'head.transform.0.weight': (2048, 2048, 1, 1),
            'head.class_map.0.weight': ('C', 2048, 1, 1),
        },
        options={'neck.share': 0.4, 'neck.reverse': True},
    ),
    ssgrl=dict(
        optimizer=dict(type='Adam', lr=1e-5, backbone=1e-5, decay=0),
        clip=None,
        epochs=200,
        schedule=[],
        batch=4,
        frozen=4,  # the stem and three stages
        train=[
            (
                'MultiScaleCrop',
                dict(
                    resize=640,
                    crop_sizes=(640, 576, 512, 384, 320),
                    size=576,
                    single_resize=False,
                ),
            )
        ],
        flip=0,
        test=[square(640), ('CenterCrop', dict(crop_size=(576, 576)))],
        resize=PILLOW,
        size=576,
        maps=[9],
        shapes={
            'neck.label_embedding': ('C', 300),
            'head.layer.decoupling.w_1.weight': (1024, 2048),
            'head.layer.decoupling.w_2.weight': (1024, 300),
            'head.layer.graph.w_o.weight': (2048, 4096),
            'head.fc.weight': ('C', 2048),
        },
        options={'head.layer.graph.num_steps': 3},
        coco=dict(
            protocol='coco14-all', filter_empty=False, ap='interpolated'
        ),
        voc07=dict(
            protocol='voc07-ssgrl',
            train_difficult='negative',
            difficult=dict(ap='negative', f1='negative'),
            ap='interpolated',
        ),
    ),
    add_gcn=dict(
        optimizer=sgd(0.05, 0.005),
        clip=10,
        epochs=50,
        schedule=steps(30, 40),
        batch=16,  # of all GPUs together
        drop_last=True,
        frozen=0,
        train=[square(512), ASPECT_CROP],
        flip=0.5,
        test=[square(448)],
        resize=PILLOW,
        size=448,
        maps=[14],
        shapes={
            'head.layer.scorer.weight': ('C', 2048),
            'head.layer.transform.weight': (1024, 2048),
            'head.graph.a_s': ('C', 'C'),
            'head.graph.w_s.weight': (1024, 1024),
            'head.graph.w_a.weight': ('C', 2048),
            'head.fc.weight': ('C', 1024),
        },
        **AS_ML_GCN,
    ),
    dsdl=dict(
        optimizer=sgd(0.01, 0.001),
        clip=10,
        epochs=200,
        schedule=steps(40),
        batch=32,
        frozen=0,
        train=[square(512), ASPECT_CROP],
        flip=0.5,
        test=[square(448)],
        resize=PILLOW,
        size=448,
        maps=[14],
        shapes={
            'neck.label_embedding': ('C', 300),
            'head.dictionary.w_1': (300, 1024),
            'head.dictionary.w_2': (1024, 2048),
        },
        coco=dict(
            options={'head.ridge': 0.1, 'head.reconstruction_weight': 1e-6},
            **AS_ML_GCN['coco'],
        ),
        voc07=dict(
            options={'head.ridge': 10, 'head.reconstruction_weight': 1e-4},
            **AS_ML_GCN['voc07'],
        ),
    ),
    srn=dict(
        test=[square(224)],
        size=224,
        maps=[14, 7],
        shapes={
            'head.attention.0.weight': (512, 1024, 1, 1),
            'head.attention.2.weight': (512, 512, 3, 3),
            'head.attention.4.weight': ('C', 512, 1, 1),
            'head.regulariser.0.weight': (512, 'C', 1, 1),
            'head.regulariser.6.weight': (2048, 1, 14, 14),
            'head.regulariser.9.weight': ('C', 2048),
        },
        coco=dict(
            protocol='coco14-all', filter_empty=False, ap='interpolated'
        ),
    ),
    acfs=dict(
        coco=dict(  # the published code is of nothing else here
            optimizer=sgd(1e-3, 1e-3, 5e-4),
            clip=None,
            epochs=14,
            schedule=steps(6, 12),
            batch=24,
            frozen=0,
            train=[square(288)],
            flip=0,  # the model mirrors
            test=[square(288)],
            size=288,
            maps=[9],
            options={'head.flip_weight': 0.6, 'head.scale_weight': 0.8},
            protocol='coco14-all',
            filter_empty=False,
            ap='area',
        )
    ),
    mcar=dict(
        optimizer=sgd(0.01, 0.001),
        clip=None,
        epochs=60,
        schedule=steps(30, 50),
        batch=16,
        frozen=0,
        train=[
            square(448),
            (
                'ColorJitter',
                dict(
                    brightness=(0.7, 1.3),
                    contrast=(0.7, 1.3),
                    saturation=(0.7, 1.3),
                    hue=None,
                ),
            ),
        ],
        flip=0.5,
        test=[square(448)],
        resize=PILLOW,
        size=448,
        maps=[14],
        options={'num_regions': 4, 'alpha': 0.5},
        thr=0.6,
        **AS_ML_GCN,
    ),
    salgl=dict(  # its reproduction
        optimizer=dict(type='AdamW', lr=1e-4, backbone=1e-4, decay=1e-2),
        clip=None,
        epochs=80,
        schedule=dict(type='OneCycleLR', eta_max=1e-4, pct_start=0.2),
        batch=128,
        frozen=0,
        train=[
            square(448),
            ('Cutout', dict(shape=224, prob=1.0)),
            ('RandAugment', dict(num_policies=2)),
        ],
        flip=0.5,
        test=[square(448)],
        resize=PILLOW,
        size=448,
        maps=[14],
        shapes={
            'neck.label_embedding': ('C', 768),
            'head.encoder.linear1.weight': (2048, 2048),
            'head.scene.weight': (6, 2048),
            'head.decoupling.w_2.weight': (1024, 768),
        },
        options={
            'head.assignment': 'hard',
            'head.encoder.self_attn.num_heads': 8,
            'head.memory.normalize': True,
            'head.memory.ignore_self': False,
            'head.image_entropy_weight': 1,
            'head.batch_entropy_weight': 100,
            'head.loss_module.gamma_neg': 2,
            'head.loss_module.gamma_pos': 0,
        },
        ap='interpolated',
        coco=dict(protocol='coco14', filter_empty=True),
        voc07=dict(
            protocol='voc07',
            train_difficult='negative',
            difficult=dict(ap='ignore', f1='ignore'),
        ),
    ),
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
