import sys

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS
from onnx.numpy_helper import from_array

from mmsrdl.deploy import (
    DeployOptions,
    ExportableModel,
    compare_with_pytorch,
    deploy_onnx,
    load_deployable,
    load_image,
    onnx_driver,
)
from mmsrdl.deploy.onnx_files import require, write_whole


def deploy_config(**options):
    config = Config(
        dict(
            backend_config=dict(type='onnxruntime'),
            onnx_config=dict(dynamic_axes=dict(input={0: 'batch'})),
        )
    )
    config.merge_from_dict(options)
    return config


@pytest.fixture
def deploy(deployable, tmp_path):
    """Exports the tiny model, after changes of its config."""

    def run(change=(), deploy_options=(), **replaced):
        cfg = Config.fromfile(deployable.config)
        cfg.merge_from_dict(dict(change))
        arguments = dict(
            deploy_cfg=deploy_config(**dict(deploy_options)),
            model_cfg=cfg,
            checkpoint=deployable.checkpoint,
            image=deployable.image,
            work_dir=tmp_path / 'new',
        )
        return deploy_onnx(**arguments | replaced)

    return run


def test_difference_is_that_of_the_file(deploy, deployable, tmp_path):
    path, difference = deploy()
    assert path == tmp_path / 'new/end2end.onnx'
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert 0 < difference < 1e-5
    cfg = Config.fromfile(deployable.config)
    model, _ = load_deployable(cfg, deployable.checkpoint)
    images = load_image(model, deployable.image)
    again = compare_with_pytorch(ExportableModel(model), images, path)
    assert again == difference


@pytest.fixture
def earlier(tmp_path):
    """A graph and an engine that are there already."""
    folder = tmp_path / 'new'
    folder.mkdir()
    files = [folder / 'end2end.engine', folder / 'end2end.onnx']
    for file in files:
        file.write_text('of another model')
    return files


def test_an_engine_goes_with_its_graph(deploy, earlier):
    """It would be run with the metadata of the new graph."""
    deploy()
    assert [file.exists() for file in earlier] == [False, True]


def test_graph_that_scores_otherwise_is_not_written(
    deploy, monkeypatch, earlier
):
    export = onnx_driver.export_onnx

    def export_wrongly(model, images, *options):
        torch.nn.init.normal_(model.model.head.classifier.bias)
        graph = export(model, images, *options)
        torch.nn.init.normal_(model.model.head.classifier.bias)
        return graph

    monkeypatch.setattr(onnx_driver, 'export_onnx', export_wrongly)
    with pytest.raises(RuntimeError, match='otherwise than PyTorch'):
        deploy()
    assert sorted(earlier[0].parent.iterdir()) == earlier
    assert {file.read_text() for file in earlier} == {'of another model'}


def test_scores_that_are_no_numbers(
    deploy, deployable, monkeypatch, earlier, tmp_path
):
    to_half = onnx_driver.to_half

    def overflow(graph, *options):
        (bias,) = (
            tensor
            for tensor in graph.graph.initializer
            if tensor.name.endswith('classifier.bias')
        )
        bias.CopyFrom(from_array(np.float32([np.nan] * 3), bias.name))
        return to_half(graph, *options)

    monkeypatch.setattr(onnx_driver, 'to_half', overflow)
    with pytest.raises(RuntimeError, match='NaN in fp16: export it in anoth'):
        deploy(deploy_options={'backend_config.precision': 'fp16'})

    content = torch.load(deployable.checkpoint)
    content['state_dict']['head.classifier.bias'][0] = torch.nan
    torch.save(content, tmp_path / 'diverged.pth')
    with pytest.raises(RuntimeError, match='PyTorch scores the image by NaN'):
        deploy(checkpoint=tmp_path / 'diverged.pth')
    assert {file.read_text() for file in earlier} == {'of another model'}


def test_interrupted_writing_leaves_nothing(tmp_path):
    path = tmp_path / 'new/model.onnx'
    with pytest.raises(KeyboardInterrupt), write_whole(path) as part:
        part.write_text('half')
        raise KeyboardInterrupt
    assert not list(path.parent.iterdir())
    with write_whole(path) as part:
        part.write_text('whole')
        assert not path.exists()
    assert [file.name for file in path.parent.iterdir()] == ['model.onnx']


def test_two_runs_at_once(tmp_path):
    path = tmp_path / 'model.onnx'
    with write_whole(path) as one, write_whole(path) as other:
        one.write_text('one')
        other.write_text('other')
    assert path.read_text() == 'one'
    (tmp_path / 'usual').touch()
    assert path.stat().st_mode == (tmp_path / 'usual').stat().st_mode


@pytest.mark.parametrize('name', ['onnxruntime', 'onnx'])
def test_package_of_a_module_is_missing(monkeypatch, name):
    for module in [m for m in sys.modules if m.startswith('onnxruntime.')]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(RuntimeError, match=f'pip install {name}$'):
        require('onnxruntime.quantization')


FOUR = ['a', 'b', 'c', 'd']


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (
            {'model.neck.num_classes': 4, 'model.head.num_classes': 4}
            | {'model.neck.classes': FOUR},
            'does not fit the model.*another number of classes',
        ),
        ({'test_dataloader.dataset.pipeline': []}, 'no test pipeline'),
        (
            {'test_dataloader.dataset.pipeline.1.scale': (64, 48)},
            'images of 64x48, the deploy config wants 32x32',
        ),
    ],
)  # fmt: skip
def test_config_that_does_not_fit(deploy, tmp_path, change, message):
    options = {'onnx_config.input_shape': (32, 32)}
    with pytest.raises(ValueError, match=message):
        deploy(change, options)
    assert not (tmp_path / 'new').exists()


def test_model_of_one_label(deploy, deployable, tmp_path):
    """The message names the reason, though the checkpoint fits."""
    head = dict(
        _delete_=True, type='LinearClsHead', num_classes=3, in_channels=64
    )
    change = {
        'model.neck': dict(_delete_=True, type='GlobalAveragePooling'),
        'model.head': head,
    }
    cfg = Config.fromfile(deployable.config)
    cfg.merge_from_dict(change)
    model = MODELS.build(cfg.model)
    torch.save(model.state_dict(), tmp_path / 'one.pth')
    with pytest.raises(TypeError, match='with a multi-label head.* LinearCls'):
        deploy(change, checkpoint=tmp_path / 'one.pth')


def test_class_names_of_another_model(deploy, deployable, tmp_path):
    content = torch.load(deployable.checkpoint)
    content['meta']['dataset_meta']['classes'] = FOUR
    path = tmp_path / 'four.pth'
    torch.save(content, path)
    with pytest.raises(ValueError, match='has 3 classes, but 4 class names'):
        deploy(checkpoint=path)


def test_image_is_missing_or_broken(deploy, tmp_path):
    with pytest.raises(FileNotFoundError, match='no image .*none.jpg'):
        deploy(image=tmp_path / 'none.jpg')
    broken = tmp_path / 'broken.jpg'
    broken.write_text('I am no image.')
    with pytest.raises(ValueError, match='Cannot read .*broken.jpg'):
        deploy(image=broken)


def test_step_that_fails(deploy):
    """The image was read: the pipeline is what is wrong."""
    steps = 'test_dataloader.dataset.pipeline.1'
    with pytest.raises(ValueError, match='The step .*CenterCrop.* fails'):
        deploy({f'{steps}.type': 'CenterCrop'})


def test_options():
    axes = dict(input={'0': 'batch', 2: 'height'}, output=[0])
    options = DeployOptions.from_config(
        deploy_config(
            onnx_config=dict(
                _delete_=True,
                dynamic_axes=axes,
                input_shape=[32, 16],
                opset_version=18,
                dynamo=True,
            ),
            calib_config=dict(num_images=7),
            backend_config=dict(precision='int8'),
        )
    )
    assert options == DeployOptions(
        'onnxruntime',
        'int8',
        keep_io_types=False,
        input_shape=(32, 16),
        dynamic_axes=dict(
            input={0: 'batch', 2: 'height'}, output={0: 'output_0'}
        ),
        opset_version=18,
        dynamo=True,
        calibration_images=7,
    )
    assert options.max_batch_size == 32
    options.check_size(16, 32)
    options.check_size(99, 32)  # the height is free
    with pytest.raises(ValueError, match='of 31x16'):
        options.check_size(16, 31)
    DeployOptions('onnxruntime').check_size(1, 2)


@pytest.mark.parametrize(
    ('fp16', 'int8', 'precision'),
    [(False, False, 'fp32'), (True, False, 'fp16'), (True, True, 'int8')],
)
def test_precision_of_tensorrt(fp16, int8, precision):
    common = dict(fp16_mode=fp16, int8_mode=int8)
    options = DeployOptions.from_config(
        deploy_config(
            backend_config=dict(type='tensorrt', common_config=common)
        )
    )
    assert (options.precision, options.keep_io_types) == (precision, True)


def profile(**shapes):
    """Options of an engine for shapes of the input."""
    return dict(
        backend_config=dict(
            type='tensorrt',
            model_inputs=[dict(input_shapes=dict(input=shapes))],
        )
    )


def test_shapes_of_an_engine():
    shapes = dict(
        min_shape=[1, 3, 8, 8], opt_shape=[2, 3, 8, 8], max_shape=[4, 3, 8, 8]
    )
    options = DeployOptions.from_config(deploy_config(**profile(**shapes)))
    assert options.input_shapes['opt'] == (2, 3, 8, 8)
    assert options.max_batch_size == 4


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'backend_config.type': 'ncnn'}, "type='ncnn'.*'onnxruntime' or"),
        ({'backend_config.precision': 'fp8'}, "'fp32' or 'fp16' or 'int8'"),
        ({'onnx_config.save_file': 'a.onnx'}, "only 'end2end.onnx'"),
        ({'onnx_config.input_names': ['x']}, r"only \['input'\]"),
        ({'onnx_config.dynamic_axes': dict(inputs={0: 'batch'})},
         'dynamic_axes.inputs=.* only the axes 0, 2 and 3'),
        ({'onnx_config.dynamic_axes': dict(input=[1])},
         'dynamic_axes.input=.* only the axes 0, 2 and 3'),
        ({'onnx_config.dynamic_axes': dict(input=['height'])},
         'dynamic_axes.input=.* only the axes 0, 2 and 3'),
        ({'onnx_config.dynamic_axes': dict(output=[0, 1])},
         "and 0 of 'output'"),
        ({'onnx_config.input_shape': (32,)}, r'must be \(width, height\)'),
        ({'onnx_config.input_shape': '32x32'}, r'must be \(width, height\)'),
        ({'calib_config.num_images': 0}, 'at least 1 image'),
        ({'calib_config.num_images': 'all'}, 'at least 1 image'),
        (profile(min_shape=[1, 3, 8, 8]), 'min_shape, opt_shape and max'),
        (profile(min_shape=[2, 3, 8, 8], opt_shape=[1, 3, 8, 8],
                 max_shape=[4, 3, 8, 8]), 'none smaller than'),
    ],
)  # fmt: skip
def test_unsupported_options(change, message):
    with pytest.raises(ValueError, match=message):
        DeployOptions.from_config(deploy_config(**change))
