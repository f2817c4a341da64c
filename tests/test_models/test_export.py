import inspect

import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS

import mmsrdl  # noqa: F401


def build():
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=dict(type='ResNet', depth=18),
            neck=dict(
                type='LabelGraphNeck', num_classes=5, label_embedding='random'
            ),
            head=dict(type='CARHead', num_classes=5, in_channels=512),
        )
    )
    return model.eval()


def test_onnx_equals_eager(tmp_path):
    onnxruntime = pytest.importorskip('onnxruntime')
    model, path = build(), str(tmp_path / 'model.onnx')
    has_dynamo = 'dynamo' in inspect.signature(torch.onnx.export).parameters
    options = dict(dynamo=False) if has_dynamo else {}
    torch.onnx.export(
        model,
        torch.randn(2, 3, 64, 64),
        path,
        input_names=['input'],
        output_names=['output'],
        dynamic_axes=dict(input={0: 'batch'}, output={0: 'batch'}),
        opset_version=17,
        **options,
    )
    session = onnxruntime.InferenceSession(
        path, providers=['CPUExecutionProvider']
    )
    for batch in (1, 3):
        images = torch.randn(batch, 3, 64, 64)
        with torch.no_grad():
            expected = model(images)
        (actual,) = session.run(None, dict(input=images.numpy()))
        np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_trace_equals_eager():
    model = build()
    with torch.no_grad():
        traced = torch.jit.trace(model, torch.randn(2, 3, 64, 64))
        images = torch.randn(3, 3, 64, 64)
        torch.testing.assert_close(traced(images), model(images))


@pytest.mark.skipif(
    not hasattr(torch.export, 'Dim'), reason='needs torch >= 2.2'
)
def test_export_equals_eager():
    model = build()
    with torch.no_grad():
        batch = torch.export.Dim('batch', min=2, max=8)
        program = torch.export.export(
            model,
            (torch.randn(2, 3, 64, 64),),
            dynamic_shapes=dict(inputs={0: batch}),
        )
        images = torch.randn(3, 3, 64, 64)
        torch.testing.assert_close(program.module()(images), model(images))
