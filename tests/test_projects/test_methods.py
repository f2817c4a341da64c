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
MOST_MEMORY = 8
"""How often a method may keep for backward what the baseline keeps."""


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
    for config in listed:
        assert (ROOT / config).is_file(), config
    configs = {path.name for path in folder.glob('configs/*.py')}
    assert {
        f'{name}_quickstart.py',
        f'{name}_r101_voc07_common.py',
    } <= configs


def test_every_parameter_is_trained(path):
    cfg = load(path)
    model = build(cfg).train()
    with torch.no_grad():  # what starts at zero hides what is behind it
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
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
    model, batch = build(cfg), load_batch(cfg, 'test')
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
    models = [build(cfg, seed=1).eval() for cfg in configs]
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
    """Or a ValueError that tells which sizes the method takes."""
    model = build(load(path))
    images = torch.randint(0, 256, (2, 3, *size), dtype=torch.uint8)
    try:
        scores = score(model, dict(inputs=images))
    except ValueError as error:
        assert re.search(r'\d', str(error)), error
    else:
        assert scores.shape == (2, len(DRAWN))
        assert ((scores >= 0) & (scores <= 1)).all()


def test_saved_and_loaded(path):
    cfg = load(path)
    batch, file = load_batch(cfg, 'test'), io.BytesIO()
    model = build(cfg)
    compute_loss(model.train(), load_batch(cfg))  # changes statistics
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


def saved_bytes(cfg):
    """What a training step keeps for its backward pass."""
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        alive.append(storage)
        return tensor

    alive = []
    model = build(cfg).train()
    batch = load_batch(cfg)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        compute_loss(model, batch)
    return sum(kept.values())


def test_memory_is_bounded(path):
    baseline = saved_bytes(load(ROOT / 'configs/quickstart/gmp_quickstart.py'))
    assert saved_bytes(load(path)) <= MOST_MEMORY * baseline


def test_exports_to_onnx(path):
    onnxruntime = pytest.importorskip('onnxruntime')
    pytest.importorskip('onnx')
    cfg = load(path)
    model, batch = build(cfg), load_batch(cfg, 'test')
    images = model.data_preprocessor(batch)['inputs']
    axes = {name: {0: 'batch'} for name in ('input', 'output')}
    graph = export_onnx(ExportableModel(model), images[:2], axes)
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=['CPUExecutionProvider']
    )
    expected = score(model, batch)
    for count in (1, 4):
        (actual,) = session.run(None, dict(input=images[:count].numpy()))
        np.testing.assert_allclose(actual, expected[:count], atol=1e-4)


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
    work = tmp_path / 'work'
    output = run_tool('train.py', config, '--work-dir', work)
    assert 'multi-label/mAP' in output
    checkpoint = work / 'epoch_1.pth'
    output = run_tool(
        'predict.py', scenes / 'JPEGImages/000001.jpg', '--config', config,
        '--checkpoint', checkpoint, '--topk', 2, '--thr', 0,
    )  # fmt: skip
    assert sum(name in output for name in DRAWN) == 2
