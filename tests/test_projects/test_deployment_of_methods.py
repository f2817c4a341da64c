"""Deployment of methods that choose: regions, scenes and patches."""

import inspect
from importlib.util import find_spec

import pytest
import torch
from mmengine.config import Config
from programs import ROOT
from test_methods import (  # noqa: F401  `scenes` is used by all tests
    DRAWN,
    build,
    load,
    load_batch,
    scenes,
    score,
)

from mmsrdl.deploy import deploy_onnx, load_backend_model

METHODS = ('mcar', 'salgl', 'spatial_context')


def deploy_alone(*args):
    return deploy_onnx(*args)


def deploy_by_mmdeploy(*args):
    pytest.importorskip('mmdeploy')
    from mmsrdl.deploy.mmdeploy_flow import convert

    return convert(*args)


@pytest.fixture
def deploy(scenes, tmp_path):  # noqa: F811
    """Deploys a method, of weights that nobody trained."""

    def run(method, name, driver=deploy_alone, **options):
        folder = 'configs/quickstart'
        if method != 'srdl':
            folder = f'projects/{method}/configs'
        model_cfg = load(ROOT / folder / f'{method}_quickstart.py')
        model = build(model_cfg)
        checkpoint = tmp_path / 'model.pth'
        meta = dict(dataset_meta=dict(classes=DRAWN))
        torch.save(dict(state_dict=model.state_dict(), meta=meta), checkpoint)
        deploy_cfg = Config.fromfile(
            ROOT / f'configs/deploy/multilabel_{name}.py'
        )
        deploy_cfg.onnx_config.update(input_shape=None, **options)
        image = scenes / 'JPEGImages/000001.jpg'
        path, difference = driver(
            deploy_cfg, model_cfg, checkpoint, image, tmp_path / 'deployed'
        )
        return path, difference, model, load_batch(model_cfg, 'test')

    return run


def compare(path, model, batch):
    """Largest difference of a score, and how much images differ."""
    images = model.data_preprocessor(batch)['inputs']
    expected = score(model, batch)
    difference = load_backend_model(path)(images) - expected
    return difference.abs().max(), expected.std(0).max()


@pytest.mark.parametrize(
    ('method', 'name', 'driver'),
    [
        ('mcar', 'onnxruntime_dynamic', deploy_alone),
        ('mcar', 'onnxruntime_dynamic', deploy_by_mmdeploy),
        ('salgl', 'onnxruntime_dynamic', deploy_alone),
        ('spatial_context', 'onnxruntime_dynamic', deploy_alone),
        ('spatial_context', 'onnxruntime-int8_dynamic', deploy_alone),
        ('spatial_context', 'onnxruntime-fp16_dynamic-448x448', deploy_alone),
        (
            'salgl',
            'onnxruntime-fp16_dynamic-448x448',
            deploy_by_mmdeploy,
        ),
    ],
)
def test_size_that_the_graph_has_fixed(deploy, tmp_path, method, name, driver):
    """It is not promised to be free, and what was there before stays."""
    earlier = tmp_path / 'deployed/end2end.onnx'
    earlier.parent.mkdir()
    earlier.write_text('of another model')
    axes = dict(input=[0, 2, 3], output=[0])
    message = r'bound to the size .*96x96.*_dynamic-448x448.*shape=\(96, 96\)'
    with pytest.raises(RuntimeError, match=message):
        deploy(method, name, driver, dynamic_axes=axes)
    assert earlier.read_text() == 'of another model'
    assert list(earlier.parent.iterdir()) == [earlier]


@pytest.mark.skipif(
    'dynamo' not in inspect.signature(torch.onnx.export).parameters
    or not find_spec('onnxscript'),
    reason='needs the newer exporter',
)
def test_size_that_the_newer_exporter_leaves_free(deploy):
    options = dict(dynamo=True, opset_version=18)
    path, *_ = deploy('salgl', 'onnxruntime_dynamic', **options)
    assert load_backend_model(path).session.input_shape[2:] == [None, None]


@pytest.mark.filterwarnings('error:No custom function')
@pytest.mark.parametrize('method', METHODS)
def test_by_mmdeploy(deploy, method):
    """Regions are cut by ONNX's operator, not by one of MMDeploy's own."""
    path, *model_and_images = deploy(
        method, 'onnxruntime_dynamic-448x448', deploy_by_mmdeploy
    )
    difference, _ = compare(path, *model_and_images[1:])
    assert difference < 1e-5


@pytest.mark.parametrize('method', (*METHODS, 'srdl'))
@pytest.mark.parametrize('driver', [deploy_alone, deploy_by_mmdeploy])
def test_half_precision(deploy, method, driver):
    path, _, *model_and_images = deploy(
        method, 'onnxruntime-fp16_dynamic-448x448', driver
    )
    difference, spread = compare(path, *model_and_images)
    assert 0 < difference < min(2e-2, spread / 10)
