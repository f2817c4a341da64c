"""What every method has to do: SRDL, its baseline and those of projects/.

A method is found by its ``*_quickstart.py``. The batches come from the data
set and the pipelines that this config names, so that a method may ask for
whatever they give.
"""

import io
import re

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, default_collate
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS, MODELS, TRANSFORMS
from programs import ROOT, run_program

from mmsrdl.datasets.synthetic_voc import write_synthetic_voc
from mmsrdl.deploy import ExportableModel, export_onnx

QUICKSTARTS = [
    *ROOT.glob('configs/quickstart/*_quickstart.py'),
    *sorted(ROOT.glob('projects/*/configs/*_quickstart.py')),
]
CONFIGS = sorted(ROOT.glob('projects/*/configs/*.py'))
DRAWN = ('boat', 'car', 'fish', 'house', 'moon', 'star', 'tree')
SIZE, IMAGES = 64, 6
MANY = (*DRAWN, *(f'thing {i}' for i in range(73)))
"""As many classes as COCO has; with them a careless tensor is large."""
MOST_MEMORY, LARGEST_TENSOR = 2.5, 4
"""How often a method may keep what the baseline keeps for backward, for each
picture: in all, and in one tensor."""


def name_of(path):
    return path.stem.removesuffix('_quickstart')


@pytest.fixture(scope='module', autouse=True)
def scenes(tmp_path_factory):
    """A tiny data set of seven classes, to which all configs point."""
    root = tmp_path_factory.mktemp('scenes') / 'data'
    write_synthetic_voc(root, IMAGES, 2, 4, SIZE, DRAWN, num_workers=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('QUICKSTART_ROOT', str(root))
        yield root


@pytest.fixture(params=QUICKSTARTS, ids=name_of)
def path(request):
    return request.param


def load(path, classes=DRAWN):
    """The config with these classes in place of its own."""
    cfg = Config.fromfile(path)
    own = list(cfg.classes)

    def replace(node, key=None):
        if isinstance(node, dict):
            return {k: replace(value, k) for k, value in node.items()}
        if isinstance(node, list | tuple):
            if list(node) == own:
                return list(classes)
            return type(node)(replace(value) for value in node)
        return len(classes) if key == 'num_classes' else node

    init_default_scope('mmpretrain')
    cfg = Config(replace(cfg.to_dict()))
    cfg.model.setdefault('data_preprocessor', cfg.data_preprocessor)
    return cfg


def build(cfg, seed=0):
    """A model whose weights are drawn under a seed."""
    torch.manual_seed(seed)
    MMLogger.get_current_instance().setLevel('ERROR')  # names each weight
    model = MODELS.build(cfg.model)
    model.init_weights()
    return model


def load_batch(cfg, split='train', count=4):
    """Images and labels as the config's pipeline makes them."""
    np.random.seed(0)
    dataset = DATASETS.build(cfg[f'{split}_dataloader'].dataset)
    return default_collate([dataset[i] for i in range(count)])


def compute_loss(model, batch):
    data = model.data_preprocessor(batch, training=True)
    return model.parse_losses(model(**data, mode='loss'))[0]


@torch.no_grad()
def build_used(cfg):
    """A model whose weights and statistics have left their start.

    What is zero at the start hides what is behind it.
    """
    model = build(cfg).train()
    for parameter in model.parameters():
        parameter.add_(0.07 * torch.randn_like(parameter))
    for _ in range(2):
        compute_loss(model, load_batch(cfg))
    return model


def score(model, batch):
    """Probabilities that the model predicts, (B, C)."""
    with torch.no_grad():
        data = model.data_preprocessor(batch, training=False)
        samples = model.eval()(**data, mode='predict')
    return torch.stack([sample.pred_score for sample in samples])


def depth(path):
    bases = Config._get_base_files(str(path))
    return 1 + max(
        (depth((path.parent / base).resolve()) for base in bases), default=0
    )


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_every_config_builds(path):
    init_default_scope('mmpretrain')
    cfg = Config.fromfile(path)
    package = f'projects.{path.parts[-3]}.{path.parts[-3]}'
    assert cfg.custom_imports.imports == ['mmsrdl', package]
    assert depth(path) <= 3
    model = MODELS.build(cfg.model)  # without weights of ImageNet
    build_optim_wrapper(model, cfg.optim_wrapper)
    assert model.head.num_classes == cfg.data_preprocessor.num_classes
    assert {'epoch_seed', 'label_check'} < set(cfg.default_hooks)
    assert cfg.auto_scale_lr.base_batch_size > 0
    for split in ('train', 'test'):
        pipeline = cfg[f'{split}_dataloader'].dataset.pipeline
        Compose([TRANSFORMS.build(step) for step in pipeline])
        assert pipeline == cfg[f'{split}_pipeline']


@pytest.mark.parametrize(
    'folder',
    sorted({path.parents[1] for path in CONFIGS}),
    ids=lambda p: p.name,
)
def test_folder_is_complete(folder):
    """A page, its metadata and the configs by which methods are compared."""
    name = folder.name
    assert (folder / name / '__init__.py').is_file()
    page = (folder / 'README.md').read_text('utf-8')
    assert page.startswith('# ')
    listed = re.findall(
        r'^ +Config: (\S+)$', (folder / 'metafile.yml').read_text(), re.M
    )
    assert all((ROOT / config).is_file() for config in listed)
    configs = {path.name for path in folder.glob('configs/*.py')}
    assert {
        f'{name}_quickstart.py',
        f'{name}_r101_voc07_common.py',
        f'{name}_r101_coco_common.py',
    } <= configs
    # The index has all but what serves the quickstart.
    assert {config.split('/')[-1] for config in listed} == configs - {
        f'{name}_quickstart.py'
    }


def test_every_parameter_is_trained(path):
    cfg = load(path)
    model = build_used(cfg)
    loss = compute_loss(model, load_batch(cfg))
    assert loss.isfinite()
    loss.backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
            assert parameter.grad.any(), name


def test_prediction_does_not_depend_on_the_batch(path):
    cfg = load(path)
    model, batch = build_used(cfg), load_batch(cfg, 'test')
    together = score(model, batch)
    assert together.std(0).max() > 1e-4  # images do differ
    for i, sample in enumerate(batch['data_samples']):
        alone = dict(inputs=batch['inputs'][i : i + 1], data_samples=[sample])
        torch.testing.assert_close(
            score(model, alone)[0], together[i], atol=1e-5, rtol=0
        )


def permute_classes(path, state, order):
    """Weights of a model whose classes are in another order.

    The axes of classes are those that grow with their number: in each the
    first k·C entries, grouped by class.
    """
    count = len(order)
    small = build(load(path)).state_dict()
    large = build(load(path, (*DRAWN, 'sun'))).state_dict()
    for name in state:
        before, after = small[name].shape, large[name].shape
        for axis, (size, larger) in enumerate(zip(before, after)):
            each = larger - size
            index = torch.arange(size)
            index[: count * each] = (
                order[:, None] * each + torch.arange(each)
            ).flatten()
            state[name] = state[name].index_select(axis, index)
    return state


def test_order_of_classes_does_not_matter(path):
    """Neither for the scores nor for the loss."""
    order = torch.tensor([3, 0, 6, 2, 5, 1, 4])
    configs = [load(path), load(path, [DRAWN[i] for i in order])]
    models = [build_used(configs[0]).eval(), build(configs[1]).eval()]
    state = permute_classes(path, models[0].state_dict(), order)
    models[1].load_state_dict(state)

    scores = [
        score(model, load_batch(cfg, 'test'))
        for model, cfg in zip(models, configs)
    ]
    assert scores[0].std(1).max() > 1e-4  # classes do differ
    expected = scores[0][:, order]
    torch.testing.assert_close(scores[1], expected, atol=1e-5, rtol=0)
    losses = [
        compute_loss(model, load_batch(cfg))
        for model, cfg in zip(models, configs)
    ]
    torch.testing.assert_close(*losses, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('size', [(64, 96), (77, 45), (33, 33)])
def test_any_size_of_image(path, size):
    """Or a ValueError that tells the size of the map, and that it takes."""
    model = build(load(path)).eval()
    images = torch.randint(0, 256, (2, 3, *size), dtype=torch.uint8)
    batch = dict(inputs=images)
    try:
        scores = score(model, batch)
    except ValueError as error:
        inputs = model.data_preprocessor(batch)['inputs']
        *_, feature = model.extract_feat(inputs, stage='backbone')
        told = re.findall(r'(\d+)\D{1,3}(\d+)', str(error))
        given = tuple(map(str, feature.shape[2:]))
        assert given in told and set(told) - {given}, error
    else:
        assert scores.shape == (2, len(DRAWN))
        assert ((scores >= 0) & (scores <= 1)).all()


def test_saved_and_loaded(path):
    cfg = load(path)
    batch, file = load_batch(cfg, 'test'), io.BytesIO()
    model = build_used(cfg)
    torch.save(model.state_dict(), file)
    file.seek(0)
    other = build(cfg, seed=1)
    assert not torch.equal(score(other, batch), score(model, batch))
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(score(other, batch), score(model, batch))


def test_same_seed_same_training(path):
    def train():
        cfg = load(path)
        model = build(cfg).train()
        optimizer = build_optim_wrapper(model, cfg.optim_wrapper)
        for _ in range(2):
            optimizer.update_params(compute_loss(model, load_batch(cfg)))
        return model.state_dict()

    first, second = train(), train()
    for name in first:
        assert torch.equal(first[name], second[name]), name


def kept_bytes(path):
    """What a training step keeps for its backward pass.

    Returns:
        tuple[float, float]: Bytes in all, and of the largest tensor; each
        for one of the pictures that the backbone sees.
    """
    kept, pictures = {}, 0

    def keep(tensor):
        storage = tensor.untyped_storage()  # held: no other takes its place
        kept[storage.data_ptr()] = storage
        return tensor

    def count(backbone, inputs):
        nonlocal pictures
        pictures += len(inputs[0])

    cfg = load(path, MANY)
    model = build(cfg).train()
    model.backbone.register_forward_pre_hook(count)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        compute_loss(model, load_batch(cfg))
    sizes = [storage.nbytes() for storage in kept.values()]
    return sum(sizes) / pictures, max(sizes) / pictures


def test_memory_is_bounded(path):
    """No tensor over classes, positions and channels, not even in parts."""
    baseline = kept_bytes(ROOT / 'configs/quickstart/gmp_quickstart.py')
    total, largest = np.divide(kept_bytes(path), baseline)
    assert total <= MOST_MEMORY
    assert largest <= LARGEST_TENSOR


def test_exports_to_onnx(path):
    onnxruntime = pytest.importorskip('onnxruntime')
    pytest.importorskip('onnx')
    cfg, atol = load(path), 1e-4
    model, batch = build_used(cfg), load_batch(cfg, 'test')
    images = model.data_preprocessor(batch)['inputs']
    axes = {name: {0: 'batch'} for name in ('input', 'output')}
    graph = export_onnx(ExportableModel(model), images[:2], axes)
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=['CPUExecutionProvider']
    )
    expected = score(model, batch)
    spread = expected.amax(0) - expected.amin(0)
    assert spread.max() > 100 * atol
    for count in (1, 4):
        (actual,) = session.run(None, dict(input=images[:count].numpy()))
        np.testing.assert_allclose(actual, expected[:count], atol=atol)


def test_configs_find_their_package(tmp_path):
    """From anywhere, though no path leads to projects/."""
    (tmp_path / 'mmsrdl').symlink_to(ROOT / 'mmsrdl')
    program = tmp_path / 'program.py'
    program.write_text(
        'import sys\n'
        f'sys.path.remove({str(ROOT)!r})\n'
        'import mmsrdl, mmpretrain\n'
        'from mmengine.config import Config\n'
        f'Config.fromfile({str(QUICKSTARTS[-1])!r})\n'
        "name = 'example_project_r101_voc07_common'\n"
        'print(mmpretrain.get_model(name).neck)\n'
    )
    done = run_program(program, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == 'MixPooling()'


def test_tools(path, scenes, tmp_path):
    """Train, measure and predict."""

    def run_tool(name, *args):
        done = run_program(ROOT / 'tools' / name, *args)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    config = tmp_path / f'{path.stem}.py'
    cfg = load(path)
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.dump(config)
    work = tmp_path / 'work'
    output = run_tool('train.py', config, '--work-dir', work)
    assert 'multi-label/mAP' in output
    checkpoint = work / 'epoch_1.pth'
    output = run_tool(
        'predict.py', scenes / 'JPEGImages/000001.jpg', '--config', config,
        '--checkpoint', checkpoint, '--topk', 2, '--thr', 0,
    )  # fmt: skip
    assert sum(name in output for name in DRAWN) == 2
