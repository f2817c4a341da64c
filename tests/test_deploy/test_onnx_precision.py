import numpy as np
import onnx
import pytest
import torch
from mmengine.config import Config
from test_engine.tiny import CLASSES

from mmsrdl.deploy import (
    OnnxRuntimeSession,
    deploy_onnx,
    load_deployable,
    quantize,
    to_half,
)
from mmsrdl.deploy.calibration import load_calibration_images

from .tiny_graphs import make_graph

BATCH = dict(input={0: 'batch'}, output={0: 'batch'})


@pytest.fixture(scope='module')
def model(deployable):
    cfg = Config.fromfile(deployable.config)
    return load_deployable(cfg, deployable.checkpoint)[0]


@pytest.fixture(scope='module')
def graph(export_tiny):
    return onnx.load(export_tiny())


@pytest.fixture(scope='module')
def images(deployable, model):
    cfg = Config.fromfile(deployable.config)
    return list(load_calibration_images(cfg, model.data_preprocessor, 100))


@pytest.fixture
def score(tmp_path):
    def run(graph, images):
        path = tmp_path / 'model.onnx'
        onnx.save(graph, path)
        return OnnxRuntimeSession(path)(torch.cat(images))

    return run


def count(graph, kind):
    return sum(node.op_type == kind for node in graph.graph.node)


def test_calibration_images(deployable, model, images):
    """They are the training images, as the test pipeline loads them."""
    assert len(images) == 12
    assert images[0].shape == (1, 3, 32, 32)
    cfg = Config.fromfile(deployable.config)
    few = list(load_calibration_images(cfg, model.data_preprocessor, 3))
    assert len(few) == 3
    assert torch.equal(few[0], images[0])
    assert torch.equal(few[-1], images[-1])

    cfg.pop('train_dataloader')
    with pytest.raises(ValueError, match='no train_dataloader'):
        next(load_calibration_images(cfg, model.data_preprocessor, 3))


@pytest.mark.parametrize('kind', ['repeated', 'put together', 'both'])
def test_calibration_images_of_a_wrapper(deployable, model, images, kind):
    cfg = Config.fromfile(deployable.config)
    dataset = cfg.train_dataloader.dataset
    if kind != 'repeated':
        dataset = dict(type='ConcatDataset', datasets=[dataset, dataset])
    if kind != 'put together':
        dataset = dict(type='RepeatDataset', times=2, dataset=dataset)
    cfg.train_dataloader.dataset = dataset
    found = list(load_calibration_images(cfg, model.data_preprocessor, 100))
    assert len(found) == (48 if kind == 'both' else 24)
    for one, other in zip(found, images * 4):
        assert torch.equal(one, other)


def test_half(graph, images, score):
    half = to_half(graph)
    assert half.ByteSize() < 0.6 * graph.ByteSize()
    torch.testing.assert_close(
        score(half, images), score(graph, images), atol=2e-2, rtol=0
    )


def test_8_bits(graph, images, score):
    before = graph.SerializeToString()
    quantized = quantize(graph, images)
    assert graph.SerializeToString() == before
    weights = [
        onnx.numpy_helper.to_array(tensor)
        for tensor in quantized.graph.initializer
        if tensor.data_type == onnx.TensorProto.INT8
    ]
    filters = [weight for weight in weights if weight.ndim == 4]
    # 20 convolutions, of which the first third, rounded up, stays.
    assert count(graph, 'Conv') == 20
    assert len(filters) == 13
    # 7 bits, of which products of two fit the sums of any processor, over
    # the range of each filter; a block begins with filters of zeros.
    ranges = np.concatenate(
        [abs(weight.astype(int)).max((1, 2, 3)) for weight in filters]
    )
    assert set(ranges) <= {0, 63, 64}

    scores = score(quantized, images)
    difference = (scores - score(graph, images)).abs()
    assert 0 < difference.mean() < 0.05

    # A convolution and what clips it are one operation: no 8 bits between.
    first = {n.output[0]: n.op_type for n in quantized.graph.node}
    rounded = [
        first.get(node.input[0])
        for node in quantized.graph.node
        if node.op_type == 'Relu'
    ]
    assert rounded.count('DequantizeLinear') == 0


def test_8_bits_without_convolutions(images):
    """As of a transformer, of which nothing would be in 8 bits."""
    with pytest.raises(ValueError, match='too few convolutions'):
        quantize(make_graph(size=32), images)


def test_8_bits_for_tensorrt(graph, images, score):
    quantized = quantize(graph, images, symmetric=True)
    producers = {
        name: node for node in quantized.graph.node for name in node.output
    }
    convolutions = [n for n in quantized.graph.node if n.op_type == 'Conv']
    # One that stays reads what the convolution beside it has in 8 bits.
    in_8_bits = [
        all(
            name in producers and producers[name].op_type == 'DequantizeLinear'
            for name in node.input[:2]
        )
        for node in convolutions
    ]
    assert len(in_8_bits) == 20 and not any(in_8_bits[:5])
    assert sum(in_8_bits) == 13
    constants = {
        tensor.name: onnx.numpy_helper.to_array(tensor)
        for tensor in quantized.graph.initializer
    }
    for node in quantized.graph.node:
        if node.op_type == 'QuantizeLinear':
            zero = constants[node.input[2]]
            assert zero.dtype == np.int8
            assert (zero == 0).all()
            # Results stay as they are until the next convolution reads them.
            source = producers.get(node.input[0])
            assert source is None or source.op_type != 'Conv'
    difference = (score(quantized, images) - score(graph, images)).abs()
    assert 0 < difference.mean() < 0.05


@pytest.mark.parametrize(
    ('precision', 'keep_io_types'),
    [('fp16', True), ('fp16', False), ('int8', True)],
)
def test_driver(deployable, tmp_path, precision, keep_io_types):
    deploy_cfg = Config(
        dict(
            backend_config=dict(
                type='onnxruntime',
                precision=precision,
                common_config=dict(keep_io_types=keep_io_types),
            ),
            onnx_config=dict(dynamic_axes=BATCH),
            calib_config=dict(num_images=3),
        )
    )
    path, difference = deploy_onnx(
        deploy_cfg,
        Config.fromfile(deployable.config),
        deployable.checkpoint,
        deployable.image,
        tmp_path,
    )
    # The largest of three images, of a model with random weights.
    assert 1e-6 < difference < 0.3
    kind = dict(fp16=onnx.TensorProto.FLOAT16, int8=onnx.TensorProto.INT8)
    graph = onnx.load(path).graph
    for (tensor,) in (graph.input, graph.output):
        is_float = tensor.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
        assert is_float == keep_io_types
    kinds = [t.data_type for t in graph.initializer]
    assert kinds.count(kind[precision]) > 10
    session = OnnxRuntimeSession(path)
    assert str(list(CLASSES)).replace("'", '"') == session.metadata['classes']
