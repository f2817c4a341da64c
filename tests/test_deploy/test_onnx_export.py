import inspect
import sys

import numpy as np
import onnx
import pytest
import torch
from mmpretrain.registry import MODELS

from mmsrdl.deploy import (
    INPUT,
    OUTPUT,
    ExportableModel,
    OnnxRuntimeSession,
    export_onnx,
    onnx_export,
)

from .tiny_graphs import make_graph

BATCH = {INPUT: {0: 'batch'}, OUTPUT: {0: 'batch'}}
ANY_SIZE = {INPUT: {0: 'batch', 2: 'height', 3: 'width'}, OUTPUT: {0: 'batch'}}
HAS_DYNAMO = 'dynamo' in inspect.signature(torch.onnx.export).parameters
needs_dynamo = pytest.mark.skipif(not HAS_DYNAMO, reason='needs torch >= 2.5')

SRDL = dict(
    neck=dict(
        type='LabelGraphNeck',
        num_classes=5,
        embed_dims=16,
        label_embedding='random',
    ),
    head=dict(
        type='CARHead',
        num_classes=5,
        in_channels=64,
        embed_dims=16,
        hidden_channels=24,
        erasing=dict(topk=1),
    ),
)


RESNET = dict(
    type='ResNet',
    depth=18,
    stem_channels=8,
    base_channels=8,
    strides=(1, 1, 2, 1),
)
SWIN = dict(
    type='SwinTransformer',
    arch=dict(
        embed_dims=8, depths=[2, 2, 2, 2], num_heads=[1, 2, 2, 2]
    ),
    window_size=2,
)  # fmt: skip


def build(neck=SRDL['neck'], head=SRDL['head'], backbone=RESNET):
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=backbone,
            neck=neck,
            head=head,
        )
    )
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
    return ExportableModel(model)


def run(graph, images, path):
    path.write_bytes(graph.SerializeToString())
    return OnnxRuntimeSession(path)(images)


def compare(model, graph, path, *shapes):
    for shape in shapes:
        images = torch.randn(shape)
        with torch.no_grad():
            expected = model(images)
        torch.testing.assert_close(
            run(graph, images, path), expected, atol=1e-5, rtol=0
        )


VARIANTS = dict(
    srdl={},
    channel=dict(head=SRDL['head'] | dict(
        spatial_attention=False, erasing=None
    )),
    spatial=dict(head=SRDL['head'] | dict(channel_attention=False)),
    reference=dict(head=SRDL['head'] | dict(attention_impl='reference')),
    no_graph=dict(neck=SRDL['neck'] | dict(num_layers=0)),
    pooled=dict(neck=SRDL['neck'] | dict(
        pool_stride=2, normalization='softmax'
    )),
    gmp=dict(
        neck=dict(type='GlobalMaxPooling'),
        head=dict(type='MultiLabelLinearHead', num_classes=5, in_channels=64),
    ),
    csra=dict(
        neck=None,
        head=dict(
            type='CSRAClsHead', num_classes=5, in_channels=64, num_heads=1,
            lam=0.1,
        ),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    'dynamo', [False, pytest.param(True, marks=needs_dynamo)]
)
def test_windows_of_any_number_of_images(dynamo, tmp_path):
    if dynamo:
        pytest.importorskip('onnxscript')
    model = build(backbone=SWIN)
    opset = 18 if dynamo else 17
    graph = export_onnx(model, torch.randn(1, 3, 64, 64), BATCH, opset, dynamo)
    path = tmp_path / 'model.onnx'
    compare(model, graph, path, (1, 3, 64, 64), (2, 3, 64, 64), (3, 3, 64, 64))


@pytest.mark.parametrize('variant', VARIANTS)
def test_scores(variant, tmp_path):
    model = build(**VARIANTS[variant])
    graph = export_onnx(model, torch.randn(1, 3, 64, 64), ANY_SIZE)
    path = tmp_path / 'model.onnx'
    compare(model, graph, path, (1, 3, 64, 64), (3, 3, 64, 64))
    compare(model, graph, path, (2, 3, 96, 32))


@needs_dynamo
def test_scores_of_newer_exporter(tmp_path):
    pytest.importorskip('onnxscript')
    model = build()
    graph = export_onnx(model, torch.randn(1, 3, 64, 64), ANY_SIZE, 18, True)
    path = tmp_path / 'model.onnx'
    compare(model, graph, path, (1, 3, 64, 64), (3, 3, 64, 96))
    assert graph.opset_import[0].version == 18


@pytest.mark.parametrize('opset', [11, 13, 17])
def test_opsets(opset, tmp_path):
    model = build()
    graph = export_onnx(model, torch.randn(1, 3, 32, 32), BATCH, opset)
    assert [(o.domain, o.version) for o in graph.opset_import] == [('', opset)]
    compare(model, graph, tmp_path / 'model.onnx', (2, 3, 32, 32))


@pytest.fixture(scope='module')
def srdl():
    return export_onnx(build(), torch.randn(1, 3, 64, 64))


def test_interface(srdl):
    def describe(values):
        return {
            value.name: [d.dim_value for d in value.type.tensor_type.shape.dim]
            for value in values
        }

    assert describe(srdl.graph.input) == dict(input=[1, 3, 64, 64])
    assert describe(srdl.graph.output) == dict(output=[1, 5])
    graph = export_onnx(build(), torch.randn(1, 3, 64, 64), ANY_SIZE)
    names = [
        dim.dim_param
        for dim in graph.graph.input[0].type.tensor_type.shape.dim
    ]
    assert names == ['batch', '', 'height', 'width']


def test_only_the_guide_is_left_of_the_label_graph(srdl):
    """No adjacency (5, 5), no vectors (5, 16) and no f_w (24, 16)."""
    shapes = {tuple(t.dims) for t in srdl.graph.initializer}
    assert not shapes & {(5, 5), (5, 16), (16, 16), (24, 16), (16, 24)}
    guides = [s for s in shapes if s[-2:] == (24, 1) and len(s) == 3]
    assert sorted(guides) == [(1, 24, 1), (2, 24, 1)]
    constants = {tensor.name for tensor in srdl.graph.initializer}
    assert all(set(node.input) - constants for node in srdl.graph.node)


def test_standard_operators_and_no_large_tensor(srdl):
    assert {node.domain for node in srdl.graph.node} == {''}
    inferred = onnx.shape_inference.infer_shapes(srdl, strict_mode=True)
    shapes = [
        [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in inferred.graph.value_info
    ]
    assert len(shapes) > 50
    assert max(map(len, shapes)) == 4
    # Two categories at 8 x 8 positions, not five; the stem has as many.
    assert max(int(np.prod(shape)) for shape in shapes) == 2 * 64 * 8 * 8


def test_evaluation_mode_and_weights_stay(tmp_path):
    model = build().train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model = ExportableModel(model.model)
    export_onnx(model, torch.randn(1, 3, 32, 32))
    assert not model.model.training
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key])


@pytest.mark.parametrize(
    ('opset', 'dynamo', 'message'),
    [
        (10, False, 'is 10, but the exporter of TorchScript writes 11 to 17'),
        (18, False, 'is 18, but the exporter of TorchScript writes 11 to 17'),
        (17, True, 'is 17, but the exporter of torch.export writes 18 to 23'),
    ],
)
def test_unsupported_opset(opset, dynamo, message):
    with pytest.raises(ValueError, match=message):
        export_onnx(build(), torch.randn(1, 3, 32, 32), None, opset, dynamo)


def test_exporter_that_writes_another_opset(monkeypatch, srdl):
    """As torch.export's did with opsets that it could not convert to."""
    monkeypatch.setattr(onnx_export, '_export_dynamo', lambda *_: srdl)
    with pytest.raises(RuntimeError, match='wrote opset 17, not 18'):
        export_onnx(build(), torch.randn(1, 3, 64, 64), None, 18, True)


def test_exporter_that_fixes_a_size(monkeypatch):
    """As torch.export's does if a model computes with it as a number."""
    fixed = make_graph(opset=18, size=64)
    monkeypatch.setattr(onnx_export, '_export_dynamo', lambda *_: fixed)
    images = torch.randn(1, 3, 64, 64)
    with pytest.raises(RuntimeError, match='bound to the size .*64x64'):
        export_onnx(build(), images, ANY_SIZE, 18, True)
    assert export_onnx(build(), images, BATCH, 18, True) is fixed


@pytest.mark.parametrize('package', ['onnx', 'onnxscript'])
def test_package_is_missing(monkeypatch, package):
    if package == 'onnxscript' and not HAS_DYNAMO:
        pytest.skip('of the newer exporter')
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(RuntimeError, match=f'pip install {package}$'):
        export_onnx(build(), torch.randn(1, 3, 32, 32), None, 18, True)


@pytest.mark.skipif(HAS_DYNAMO, reason='has the newer exporter')
def test_newer_exporter_is_missing():
    with pytest.raises(RuntimeError, match='set onnx_config.dynamo to False'):
        export_onnx(build(), torch.randn(1, 3, 32, 32), None, 18, True)


def test_model_of_one_label():
    head = dict(type='LinearClsHead', num_classes=5, in_channels=64)
    with pytest.raises(TypeError, match='with LinearClsHead'):
        build(neck=dict(type='GlobalAveragePooling'), head=head)
