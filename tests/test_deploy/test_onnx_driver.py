import pytest
import torch
from mmengine.config import Config

from mmsrdl.deploy import (
    DeployOptions,
    compare_with_pytorch,
    deploy_onnx,
    onnx_driver,
)
from mmsrdl.deploy.onnx_files import write_whole


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
    again = compare_with_pytorch(
        Config.fromfile(deployable.config),
        deployable.checkpoint,
        deployable.image,
        path,
    )
    assert again == difference


def test_graph_that_scores_otherwise_is_not_written(
    deploy, monkeypatch, tmp_path
):
    path, _ = deploy()
    before = path.read_bytes()
    export = onnx_driver.export_onnx

    def export_wrongly(model, images, *options):
        torch.nn.init.normal_(model.model.head.classifier.bias)
        graph = export(model, images, *options)
        torch.nn.init.normal_(model.model.head.classifier.bias)
        return graph

    monkeypatch.setattr(onnx_driver, 'export_onnx', export_wrongly)
    with pytest.raises(RuntimeError, match='otherwise than PyTorch'):
        deploy()
    assert path.read_bytes() == before
    with pytest.raises(RuntimeError, match='otherwise than PyTorch'):
        deploy(work_dir=tmp_path / 'other')
    assert not list((tmp_path / 'other').iterdir())


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
        (
            {'model.head': dict(_delete_=True, type='LinearClsHead',
                                num_classes=3, in_channels=64)},
            'does not fit the model',
        ),
    ],
)  # fmt: skip
def test_config_that_does_not_fit(deploy, tmp_path, change, message):
    options = {'onnx_config.input_shape': (32, 32)}
    with pytest.raises(ValueError, match=message):
        deploy(change, options)
    assert not (tmp_path / 'new').exists()


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
        (32, 16),
        dict(input={0: 'batch', 2: 'height'}, output={0: 'output_0'}),
        18,
        True,
        7,
    )
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
    config = deploy_config(
        backend_config=dict(type='tensorrt', common_config=common)
    )
    assert DeployOptions.from_config(config).precision == precision


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'backend_config.type': 'ncnn'}, "type='ncnn'.*'onnxruntime' or"),
        ({'backend_config.precision': 'fp8'}, "'fp32' or 'fp16' or 'int8'"),
        ({'onnx_config.save_file': 'a.onnx'}, "only 'end2end.onnx'"),
        ({'onnx_config.input_names': ['x']}, r"only \['input'\]"),
    ],
)
def test_unsupported_options(change, message):
    with pytest.raises(ValueError, match=message):
        DeployOptions.from_config(deploy_config(**change))
