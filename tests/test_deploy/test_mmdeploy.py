import importlib
import inspect
import json
import sys

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.models.utils.attention import ShiftWindowMSA
from mmpretrain.registry import MODELS
from programs import ROOT, run_program
from test_engine.tiny import CLASSES

pytest.importorskip('mmdeploy')

from mmdeploy.apis import build_task_processor

import mmsrdl
from mmsrdl.apis import load_matching_weights
from mmsrdl.deploy import deploy_onnx, load_backend_model, load_deployable
from mmsrdl.deploy.calibration import load_calibration_images
from mmsrdl.deploy.mmdeploy_flow import convert, evaluate

SIZE = (32, 32)


def load_deploy(name, size=SIZE, **options):
    cfg = Config.fromfile(ROOT / f'configs/deploy/multilabel_{name}.py')
    cfg.onnx_config.input_shape = size
    cfg.merge_from_dict(options)
    return cfg


@pytest.fixture(scope='module')
def convert_tiny(deployable):
    """Converts the tiny model, changed by the options."""

    def run(folder, deploy_cfg, dump_info=False, **options):
        model_cfg = Config.fromfile(deployable.config)
        model_cfg.merge_from_dict(options)
        return convert(
            deploy_cfg,
            model_cfg,
            deployable.checkpoint,
            deployable.image,
            folder,
            dump_info=dump_info,
        )

    return run


@pytest.fixture(scope='module')
def dynamic(convert_tiny, tmp_path_factory):
    """Folder of a graph for any number of images, and the SDK's files."""
    folder = tmp_path_factory.mktemp('dynamic')
    deploy_cfg = load_deploy('onnxruntime_dynamic-448x448')
    deploy_cfg.calib_config = dict(
        create_calib=True, calib_file='calib_data.h5', num_images=5
    )
    # That MMDeploy does not calibrate on validation data, as it would.
    validation = {'val_dataloader.dataset.ann_file': 'none.json'}
    path, difference = convert_tiny(folder, deploy_cfg, True, **validation)
    assert path == folder / 'end2end.onnx'
    assert 0 < difference < 1e-5
    return folder


@pytest.fixture(scope='module')
def score(deployable):
    """Scores images by PyTorch."""
    model = MODELS.build(Config.fromfile(deployable.config).model).eval()
    load_matching_weights(model, deployable.checkpoint)

    @torch.no_grad()
    def run(images):
        return model(images).sigmoid().numpy()

    return run


def run_onnx(path, images):
    (scores,) = onnxruntime.InferenceSession(path).run(
        ['output'], dict(input=images.numpy())
    )
    return scores


@pytest.mark.parametrize('batch', [1, 3])
def test_scores(dynamic, score, batch):
    images = torch.randn(batch, 3, *SIZE)
    scores = run_onnx(dynamic / 'end2end.onnx', images)
    np.testing.assert_allclose(scores, score(images), atol=1e-5)


@pytest.mark.parametrize('dynamo', [False, True])
def test_both_drivers_write_the_same(dynamic, export_tiny, dynamo):
    ours = export_tiny(dynamo)
    theirs = dynamic / ours.name
    images = torch.randn(3, 3, *SIZE)
    np.testing.assert_allclose(
        run_onnx(ours, images), run_onnx(theirs, images), atol=1e-5
    )
    metadata = [load_backend_model(path).metadata for path in (ours, theirs)]
    assert metadata[0] == metadata[1]


def test_a_conversion_leaves_pytorch_as_it_was(dynamic):
    method = inspect.getattr_static(ShiftWindowMSA, 'get_attn_mask')
    assert isinstance(method, staticmethod)


def test_half_precision(convert_tiny, score, tmp_path):
    deploy_cfg = load_deploy('onnxruntime-fp16_dynamic-448x448')
    path, _ = convert_tiny(tmp_path, deploy_cfg)
    weights = onnx.load(path).graph.initializer
    halves = [w for w in weights if w.data_type == onnx.TensorProto.FLOAT16]
    assert len(halves) > 20
    images = torch.randn(2, 3, *SIZE)
    scores = run_onnx(path, images)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, score(images), atol=2e-2)
    assert load_backend_model(path).metadata.classes == CLASSES


def test_what_no_image_changes_is_folded(dynamic):
    graph = onnx.load(dynamic / 'end2end.onnx').graph
    constants = {tensor.name for tensor in graph.initializer}
    assert 'LeakyRelu' not in {node.op_type for node in graph.node}
    for node in graph.node:
        assert set(node.input) - constants, node.name


def test_measures(dynamic, deployable):
    """MMDeploy's test runner finds what PyTorch's does."""
    model_cfg = Config.fromfile(deployable.config)
    deploy_cfg = load_deploy('onnxruntime_dynamic-448x448')
    path = dynamic / 'end2end.onnx'
    found = evaluate(deploy_cfg, model_cfg, path, dynamic / 'tested')
    model_cfg.load_from = str(deployable.checkpoint)
    model_cfg.work_dir = str(dynamic / 'expected')
    model_cfg.visualizer.name = 'expected'
    expected = Runner.from_cfg(model_cfg).test()
    assert 0 < expected['multi-label/mAP'] < 100
    assert found == pytest.approx(expected, abs=1e-3)


def test_files_for_the_sdk(dynamic):
    files = {path.name for path in dynamic.iterdir() if path.is_file()}
    assert files == {
        'calib_data.h5',
        'end2end.onnx',
        'deploy.json',
        'detail.json',
        'pipeline.json',
    }
    tasks = json.loads((dynamic / 'pipeline.json').read_text())['pipeline'][
        'tasks'
    ]
    steps = {step['type']: step for step in tasks[0]['transforms']}
    assert steps['Resize']['size'] == list(SIZE)
    assert steps['Normalize']['mean'] == [127.5] * 3
    assert tasks[1]['is_batched'] is True
    assert tasks[2]['module'] == 'mmcls'
    assert tasks[2]['component'] == 'MultiLabelLinearClsHead'
    assert tasks[2]['params'] == dict(num_classes=3, thr=0.5)


def test_topk_for_the_sdk(deployable):
    model_cfg = Config.fromfile(deployable.config)
    model_cfg.model.head.topk = 2
    deploy_cfg = load_deploy('onnxruntime_static-448x448')
    task = build_task_processor(model_cfg, deploy_cfg, 'cpu')
    params = task.get_postprocess()['params']
    assert params == dict(num_classes=3, topk=2)


def test_models_of_one_label_stay_as_they_are(deployable):
    model_cfg = Config.fromfile(deployable.config)
    model_cfg.model.neck = dict(type='GlobalAveragePooling')
    model_cfg.model.head = dict(
        type='LinearClsHead', num_classes=3, in_channels=64, topk=(1, 2)
    )
    deploy_cfg = load_deploy('onnxruntime_static-448x448')
    task = build_task_processor(model_cfg, deploy_cfg, 'cpu')
    # MMDeploy takes what fits of a checkpoint.
    model = task.build_pytorch_model(str(deployable.checkpoint))
    assert not hasattr(model, 'deploy_metadata')
    postprocess = task.get_postprocess()
    assert postprocess['type'] == 'LinearClsHead'
    assert postprocess['params']['topk'] == 2


def test_config_of_another_layout(deployable):
    """Pipeline and preprocessor are where the other task looks for them."""
    model_cfg = Config.fromfile(deployable.config)
    pipeline = model_cfg.test_dataloader.dataset.pop('pipeline')
    model_cfg.test_pipeline = pipeline
    model_cfg.data_preprocessor = model_cfg.model.pop('data_preprocessor')
    deploy_cfg = load_deploy('onnxruntime_static-448x448')
    task = build_task_processor(model_cfg, deploy_cfg, 'cpu')
    model = task.build_pytorch_model(str(deployable.checkpoint))
    _, images = task.create_input(
        str(deployable.image), SIZE, model.data_preprocessor
    )
    assert images.shape == (1, 3, *SIZE)
    assert -1 <= images.min() < images.max() <= 1
    pixels = cv2.imread(str(deployable.image))
    data, _ = task.create_input([pixels], SIZE, model.data_preprocessor)
    assert torch.equal(data['inputs'], images)


def test_calibration_data(dynamic, deployable):
    """TensorRT's own calibration differs in the backend's name alone."""
    h5py = pytest.importorskip('h5py')
    model_cfg = Config.fromfile(deployable.config)
    model, _ = load_deployable(model_cfg, deployable.checkpoint)
    expected = load_calibration_images(model_cfg, model.data_preprocessor, 5)
    with h5py.File(dynamic / 'calib_data.h5') as file:
        images = file['calib_data/end2end/input']
        assert len(images) == 5
        for index, image in enumerate(expected):
            np.testing.assert_array_equal(images[str(index)], image)


def test_in_a_process_of_its_own(deployable, tmp_path):
    """MMDeploy spawns processes that know of mmsrdl by the config alone."""
    deploy_cfg = load_deploy('onnxruntime_dynamic-448x448')
    deploy_cfg.dump(tmp_path / 'deploy.py')
    program = tmp_path / 'program.py'
    program.write_text(
        'import sys\n'
        'from mmdeploy.apis import torch2onnx\n'
        'assert "mmsrdl" not in sys.modules\n'
        "torch2onnx(sys.argv[1], '.', 'end2end.onnx', *sys.argv[2:], 'cpu')"
    )
    done = run_program(
        *(program, deployable.image, 'deploy.py'),
        *(deployable.config, deployable.checkpoint),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    graph = onnx.load(tmp_path / 'end2end.onnx').graph
    assert 'LeakyRelu' not in {node.op_type for node in graph.node}


def test_without_mmdeploy(monkeypatch):
    task = 'mmsrdl.deploy.mmdeploy_task'
    monkeypatch.setattr(mmsrdl, 'deploy', mmsrdl.deploy)
    for name in ('mmsrdl.deploy', task):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, 'mmdeploy', None)
    package = importlib.import_module('mmsrdl.deploy')
    assert package.deploy_onnx is deploy_onnx
    assert task not in sys.modules


@pytest.mark.parametrize(
    'name, options, message',
    [
        (
            'onnxruntime_static-448x448',
            {'model.neck.num_classes': 4, 'model.head.num_classes': 4}
            | {'model.neck.classes': ['a', 'b', 'c', 'd']},
            'another number of classes',
        ),
        (
            'onnxruntime_static-448x448',
            {'test_dataloader.dataset.pipeline': []},
            'no test pipeline',
        ),
        (
            'onnxruntime_static-448x448',
            {'test_dataloader.dataset.pipeline.1.scale': (64, 48)},
            '64x48, the deploy config wants 32x32',
        ),
        (
            'onnxruntime_static-448x448',
            {'test_dataloader.dataset.pipeline.0.imdecode_backend': 'none'},
            'Cannot read .*0.png',
        ),
        ('tensorrt_static-448x448', {}, 'cpu is invalid for the backend'),
    ],
)
def test_bad_input_leaves_no_file(
    convert_tiny, tmp_path, name, options, message
):
    with pytest.raises(ValueError, match=message):
        convert_tiny(tmp_path, load_deploy(name), dump_info=True, **options)
    assert not list(tmp_path.iterdir())
