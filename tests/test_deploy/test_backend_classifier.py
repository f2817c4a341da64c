import copy
from dataclasses import replace

import onnx
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from test_engine.tiny import CLASSES

from mmsrdl.apis import MultiLabelInferencer
from mmsrdl.deploy import (
    BackendClassifier,
    deploy_onnx,
    load_backend_model,
    load_deployable,
    use_backend_model,
    write_metadata,
)

from .tiny_graphs import make_graph

DEPLOY_CFG = Config(
    dict(
        backend_config=dict(type='onnxruntime'),
        onnx_config=dict(
            dynamic_axes=dict(input={0: 'batch'}, output={0: 'batch'})
        ),
    )
)


@pytest.fixture(scope='module')
def export(deployable, tmp_path_factory):
    """Exports the tiny model with changes of its config."""

    def run(**options):
        cfg = Config.fromfile(deployable.config)
        cfg.merge_from_dict(options)
        path, _ = deploy_onnx(
            DEPLOY_CFG,
            cfg,
            deployable.checkpoint,
            deployable.image,
            tmp_path_factory.mktemp('exported'),
        )
        return path

    return run


@pytest.fixture(scope='module')
def exported(export_tiny):
    return export_tiny()


def test_metadata(exported):
    model = load_backend_model(exported)
    assert not model.training
    metadata = model.metadata
    assert metadata.classes == CLASSES == model._dataset_meta['classes']
    assert (metadata.thr, metadata.topk) == (0.5, None)
    assert metadata.data_preprocessor['mean'] == (127.5,) * 3
    assert metadata.data_preprocessor['to_rgb'] is True
    assert metadata.test_pipeline[1] == dict(type='Resize', scale=(32, 32))
    pipeline = model._config.test_dataloader.dataset.pipeline
    assert [step.type for step in pipeline] == [
        'LoadImageFromFile', 'Resize', 'PackInputs'
    ]  # fmt: skip


@pytest.mark.parametrize(
    'choice', [dict(thr=0.3), dict(topk=2), dict(thr=0.0, topk=1)]
)
def test_predictions_are_those_of_pytorch(deployable, export, choice):
    head = {f'model.head.{key}': value for key, value in choice.items()}
    cfg = Config.fromfile(deployable.config)
    cfg.merge_from_dict(head)
    reference, _ = load_deployable(cfg, deployable.checkpoint)
    model = load_backend_model(export(**head))
    assert (model.head.thr, model.head.topk) == (
        reference.head.thr,
        reference.head.topk,
    )
    torch.manual_seed(0)
    images = torch.randint(0, 256, (5, 3, 32, 32), dtype=torch.uint8)
    results = [
        each.test_step(
            dict(inputs=images, data_samples=[DataSample() for _ in images])
        )
        for each in (model, reference)
    ]
    for actual, expected in zip(*results):
        torch.testing.assert_close(
            actual.pred_score, expected.pred_score, atol=1e-5, rtol=0
        )
        assert torch.equal(actual.pred_label, expected.pred_label)
    scores = torch.stack([sample.pred_score for sample in results[0]])
    assert scores.std(0).max() > 0.05  # or nothing was compared


def test_without_samples_and_modes(exported):
    model = load_backend_model(exported)
    images = torch.randn(2, 3, 32, 32)
    scores = model(images)
    predicted = model(images, mode='predict')
    assert torch.equal(scores, torch.stack([p.pred_score for p in predicted]))
    with pytest.raises(ValueError, match="no mode 'loss'"):
        model(images, [DataSample(), DataSample()], mode='loss')


def test_inferencer(deployable, exported):
    """Needs no config, and finds what the checkpoint does."""
    reference = MultiLabelInferencer(
        str(deployable.config), str(deployable.checkpoint), device='cpu'
    )
    inferencer = MultiLabelInferencer(str(exported), device='cpu')
    assert inferencer.classes == CLASSES
    images = sorted(map(str, deployable.folder.glob('*.png')))
    for actual, expected in zip(
        inferencer(images, batch_size=5), reference(images)
    ):
        assert actual['pred_classes'] == expected['pred_classes']
        assert actual['scores'] == pytest.approx(expected['scores'], abs=1e-5)


def test_runner_measures_the_same(deployable, exported, tmp_path):
    found = []
    for name in ('checkpoint', 'exported'):
        cfg = Config.fromfile(deployable.config)
        cfg.load_from = str(deployable.checkpoint)
        # As models with moving averages have, which are copied.
        cfg.custom_hooks = [dict(type='EMAHook')]
        if name == 'exported':
            use_backend_model(cfg, exported)
        cfg.work_dir = str(tmp_path / name)
        cfg.experiment_name = cfg.visualizer.name = name
        found.append(Runner.from_cfg(cfg).test())
    assert 0 < found[0]['multi-label/mAP'] < 100
    assert found[0] == pytest.approx(found[1], abs=1e-3)


def test_other_preprocessing_can_be_asked_for(exported):
    images = torch.full((1, 3, 32, 32), 255, dtype=torch.uint8)
    black = BackendClassifier(
        exported, data_preprocessor=dict(mean=[255] * 3, std=[1] * 3)
    )
    inputs = black.data_preprocessor(dict(inputs=images))['inputs']
    assert (inputs == 0).all()


def test_copies_share_the_session(exported):
    model = load_backend_model(exported)
    assert copy.deepcopy(model).session is model.session


def test_file_of_somebody_else(tmp_path):
    path = tmp_path / 'other.onnx'
    onnx.save(make_graph(), path)
    with pytest.raises(ValueError, match='not exported by this .* classes'):
        load_backend_model(path)
    with pytest.raises(ValueError, match=r'must end in \.onnx or \.engine'):
        load_backend_model(tmp_path / 'model.pth')
    with pytest.raises(FileNotFoundError, match='no ONNX file'):
        load_backend_model(tmp_path / 'none.onnx')


def test_another_number_of_classes(exported, tmp_path):
    graph = onnx.load(exported)
    metadata = load_backend_model(exported).metadata
    write_metadata(graph, replace(metadata, classes=('one', 'two')))
    onnx.save(graph, tmp_path / 'other.onnx')
    with pytest.raises(ValueError, match='scores 3 labels, .* name 2'):
        load_backend_model(tmp_path / 'other.onnx')
