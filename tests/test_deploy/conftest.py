import inspect
from functools import cache
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS
from test_engine.tiny import CLASSES, make_data, tiny_config

from mmsrdl.deploy import deploy_onnx


@pytest.fixture(scope='session')
def deployable(tmp_path_factory):
    """Config, checkpoint and data of a tiny model that nobody trained.

    Its scores spread over the whole range.
    """
    folder = tmp_path_factory.mktemp('deployable')
    make_data(folder)
    cfg = tiny_config(folder, folder / 'work')
    dataset = dict(
        cfg.train_dataloader.dataset,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(32, 32)),
            dict(type='PackInputs'),
        ],
    )
    loader = dict(
        batch_size=4,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dataset,
    )
    metric = dict(type='MultiLabelRecognitionMetric')
    cfg.merge_from_dict(
        dict(
            val_dataloader=loader,
            val_evaluator=metric,
            val_cfg={},
            test_dataloader=loader,
            test_evaluator=metric,
            test_cfg={},
        )
    )
    config = folder / 'tiny.py'
    cfg.dump(config)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    torch.nn.init.normal_(model.head.classifier.weight, std=10)
    checkpoint = folder / 'tiny.pth'
    meta = dict(dataset_meta=dict(classes=CLASSES))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), checkpoint)
    return SimpleNamespace(
        config=config,
        checkpoint=checkpoint,
        image=folder / '0.png',
        folder=folder,
    )


@pytest.fixture(scope='session')
def export_tiny(deployable, tmp_path_factory):
    """Exports the tiny model, for any number of images, by an exporter."""

    @cache
    def run(dynamo=False):
        if dynamo:
            pytest.importorskip('onnxscript')
            if 'dynamo' not in inspect.signature(torch.onnx.export).parameters:
                pytest.skip('needs the newer exporter')
        axes = dict(input={0: 'batch'}, output={0: 'batch'})
        deploy_cfg = Config(
            dict(
                backend_config=dict(type='onnxruntime'),
                onnx_config=dict(
                    dynamic_axes=axes,
                    opset_version=18 if dynamo else 17,
                    dynamo=dynamo,
                ),
            )
        )
        path, _ = deploy_onnx(
            deploy_cfg,
            Config.fromfile(deployable.config),
            deployable.checkpoint,
            deployable.image,
            tmp_path_factory.mktemp('exported'),
        )
        return path

    return run
