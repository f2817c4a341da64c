import contextlib
import shlex
import sys
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from mmengine.config import Config
from onnx import helper, numpy_helper

from mmsrdl.deploy import quantize, to_half
from mmsrdl.deploy.tensorrt_engine import TensorRTBuilder, import_tensorrt
from mmsrdl.deploy.tensorrt_operators import check_tensorrt_graph
from mmsrdl.deploy.tensorrt_session import TensorRTSession

from . import fake_tensorrt
from .tiny_graphs import make_graph

SHAPES = dict(min=(1, 3, 8, 8), opt=(2, 3, 8, 8), max=(4, 3, 8, 8))
DEPLOY_CFG = Config(
    dict(
        backend_config=dict(
            type='tensorrt',
            common_config=dict(max_workspace_size=1 << 20),
            model_inputs=[
                dict(
                    input_shapes=dict(
                        input=dict(
                            min_shape=[1, 3, 448, 448],
                            opt_shape=[2, 3, 448, 448],
                            max_shape=[4, 3, 448, 448],
                        )
                    )
                )
            ],
        )
    )
)
"""Sizes that the graph has fixed are the graph's."""


@pytest.fixture
def tensorrt(monkeypatch):
    """A TensorRT whose GPU is the CPU."""
    monkeypatch.setitem(sys.modules, 'tensorrt', fake_tensorrt)
    stream = SimpleNamespace(cuda_stream=0, synchronize=lambda: None)
    for name, value in dict(
        is_available=lambda: True,
        device=lambda device: contextlib.nullcontext(),
        current_stream=lambda: stream,
    ).items():
        monkeypatch.setattr(torch.cuda, name, value)
    return fake_tensorrt


@pytest.fixture
def onnx_file(tmp_path):
    path = tmp_path / 'end2end.onnx'
    onnx.save(make_graph(), path)
    return path


# The parser.


def constant(name, value):
    return numpy_helper.from_array(np.asarray(value), name)


def quantized(zero_point):
    return make_graph(
        helper.make_node('QuantizeLinear', ['input', 's', 'z'], ['q']),
        helper.make_node('DequantizeLinear', ['q', 's', 'z'], ['x']),
        initializers=[
            constant('s', np.float32(0.1)),
            constant('z', zero_point),
        ],
    )


def test_readable_graphs():
    check_tensorrt_graph(make_graph())
    check_tensorrt_graph(quantized(np.int8(0)))


@pytest.mark.parametrize(
    'model, problem',
    [
        (make_graph(opset=8), 'opset 8, not in 9 to 24'),
        (
            make_graph(
                helper.make_node('Det', ['input'], ['unused']),
                helper.make_node('Identity', ['input'], ['x']),
                opset=11,
            ),
            'operator Det',
        ),
        (
            make_graph(
                helper.make_node('Mine', ['input'], ['x'], domain='custom'),
            ),
            'operator custom::Mine',
        ),
        (quantized(np.int8(3)), 'symmetric in int8'),
        (quantized(np.uint8(0)), 'QuantizeLinear other than symmetric'),
        (
            make_graph(
                helper.make_node('Shape', ['input'], ['axes'], end=1),
                helper.make_node('ReduceSum', ['input', 'axes'], ['x']),
            ),
            'ReduceSum over axes that are not constant',
        ),
        (
            make_graph(helper.make_node('Relu', ['nothing'], ['x'])),
            'not valid ONNX',
        ),
    ],
)
def test_unreadable_graphs(model, problem):
    with pytest.raises(ValueError, match=problem):
        check_tensorrt_graph(model)


@pytest.fixture(params=[False, True], ids=['torchscript', 'dynamo'])
def exported(request, export_tiny):
    """The graph of the tiny model, by each exporter."""
    return onnx.load(export_tiny(request.param))


@pytest.mark.parametrize(
    'change',
    [
        lambda graph: graph,
        to_half,
        lambda graph: quantize(
            graph, torch.randn(4, 1, 3, 32, 32), symmetric=True
        ),
    ],
    ids=['fp32', 'fp16', 'int8'],
)
def test_exported_graphs_are_readable(exported, change):
    graph = change(exported)
    check_tensorrt_graph(graph)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    images = np.random.default_rng(0).normal(size=(3, 3, 32, 32))
    (scores,) = session.run(None, dict(input=images.astype(np.float32)))
    assert scores.shape == (3, 3)
    assert scores.dtype == np.float32


# What is missing.


def test_without_tensorrt(monkeypatch):
    monkeypatch.setitem(sys.modules, 'tensorrt', None)
    with pytest.raises(RuntimeError, match='pip install tensorrt'):
        import_tensorrt()


def test_too_old(monkeypatch, tensorrt):
    monkeypatch.setattr(tensorrt, '__version__', '8.6.1')
    with pytest.raises(RuntimeError, match='8.6.1 is installed, 10 or newer'):
        import_tensorrt()


def test_without_gpu(monkeypatch, tensorrt, onnx_file, tmp_path):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    builder = TensorRTBuilder.from_config(DEPLOY_CFG, onnx_file)
    with pytest.raises(RuntimeError, match='needs an NVIDIA GPU'):
        builder.build()
    assert not (tmp_path / 'end2end.engine').exists()


# Building and running.


def test_engine(tensorrt, onnx_file, tmp_path):
    builder = TensorRTBuilder.from_config(DEPLOY_CFG, onnx_file)
    builder.build()
    assert builder.engine_file == tmp_path / 'end2end.engine'
    assert tensorrt.built == dict(
        flags=1 << tensorrt.NetworkDefinitionCreationFlag.STRONGLY_TYPED,
        workspace=1 << 20,
        profiles=[dict(input=tuple(SHAPES.values()))],
    )
    session = TensorRTSession(builder.engine_file, 'cpu')
    images = torch.randn(3, 3, 8, 8)
    (expected,) = onnxruntime.InferenceSession(onnx_file).run(
        None, dict(input=images.numpy())
    )
    scores = session(images.double())
    assert scores.dtype == torch.float32
    np.testing.assert_array_equal(scores, expected)
    with pytest.raises(ValueError, match='not built for images of shape'):
        session(torch.randn(1, 3, 16, 16))


@pytest.mark.parametrize('batch', ['batch', 2])
@pytest.mark.parametrize('count', [0, 1, 2, 5, 9])
def test_any_number_of_images(tensorrt, tmp_path, batch, count):
    """Whether the engine takes 1 to 4 or exactly 2."""
    path = tmp_path / 'some.onnx'
    onnx.save(make_graph(batch=batch), path)
    builder = TensorRTBuilder.from_config(DEPLOY_CFG, path)
    builder.build()
    assert bool(tensorrt.built['profiles']) == (batch == 'batch')
    session = TensorRTSession(builder.engine_file, 'cpu')
    images = torch.randn(count, 3, 8, 8)
    torch.testing.assert_close(session(images), images.amax((2, 3)).sigmoid())


def test_failed_builds_leave_no_engine(tensorrt, onnx_file, tmp_path):
    engine = tmp_path / 'end2end.engine'
    with pytest.raises(RuntimeError, match='could not build an engine'):
        TensorRTBuilder(onnx_file, engine).build()
    onnx_file.write_bytes(b'no graph')
    with pytest.raises(RuntimeError, match='cannot read .*UNSUPPORTED_NODE'):
        TensorRTBuilder(onnx_file, engine, SHAPES).build()
    assert list(tmp_path.iterdir()) == [onnx_file]


def test_shapes_are_missing(onnx_file):
    deploy_cfg = Config(dict(backend_config=dict(type='tensorrt')))
    with pytest.raises(ValueError, match='as min_shape, opt_shape and max'):
        TensorRTBuilder.from_config(deploy_cfg, onnx_file)


def test_foreign_engine(tensorrt, tmp_path):
    (tmp_path / 'other.engine').write_bytes(b'of another GPU')
    with pytest.raises(RuntimeError, match='Build it here again'):
        TensorRTSession(tmp_path / 'other.engine', 'cpu')


def test_trtexec(tmp_path):
    path = tmp_path / 'a b.onnx'
    onnx.save(make_graph(), path)
    builder = TensorRTBuilder.from_config(DEPLOY_CFG, path)
    assert shlex.split(builder.format_trtexec()) == [
        'trtexec',
        f'--onnx={path}',
        f'--saveEngine={tmp_path / "a b.engine"}',
        '--stronglyTyped',
        '--memPoolSize=workspace:1',
        '--minShapes=input:1x3x8x8',
        '--optShapes=input:2x3x8x8',
        '--maxShapes=input:4x3x8x8',
    ]
