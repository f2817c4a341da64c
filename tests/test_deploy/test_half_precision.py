import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from mmsrdl.deploy import OnnxRuntimeSession, to_half

from .tiny_graphs import make_graph


def constant(name, values):
    return numpy_helper.from_array(np.array(values), name)


def scale_by_best():
    """Scores of an argmax, a comparison and a cast, which share a factor."""
    node = helper.make_node
    return make_graph(
        node('Conv', ['input', 'weight'], ['hidden'], name='conv'),
        node('Mul', ['hidden', 'factor'], ['large'], name='leads to it'),
        node('ArgMax', ['large'], ['best'], axis=3, keepdims=1),
        node('Cast', ['best'], ['place'], to=TensorProto.FLOAT),
        node('Mul', ['place', 'factor'], ['scaled'], name='result'),
        node('Add', ['scaled', 'tiny'], ['moved']),
        node('Add', ['moved', 'input'], ['x']),
        initializers=[
            constant('weight', np.eye(3, dtype=np.float32)[..., None, None]),
            constant('factor', np.float32(1 + 2**-9)),
            constant('tiny', np.float32(1e-9)),
        ],
    )


def score(graph, images, path):
    onnx.checker.check_model(graph, full_check=True)
    onnx.save(graph, path)
    return OnnxRuntimeSession(path)(images)


@pytest.mark.parametrize('keep_io_types', [True, False])
def test_scores(tmp_path, keep_io_types):
    graph = scale_by_best()
    before = graph.SerializeToString()
    half = to_half(graph, keep_io_types)
    assert graph.SerializeToString() == before
    images = torch.rand(2, 3, 8, 8)
    images[0, 0, 0, :4] = images[0, 0, 0, 4:]  # a tie
    path = tmp_path / 'model.onnx'
    expected = score(graph, images, path)
    torch.testing.assert_close(
        score(half, images, path), expected, atol=2e-3, rtol=0
    )
    kind = TensorProto.FLOAT if keep_io_types else TensorProto.FLOAT16
    for (value,) in (half.graph.input, half.graph.output):
        assert value.type.tensor_type.elem_type == kind


def test_what_decides_is_exact():
    """Back to the last product with weights on; all else is in half."""
    half = onnx.shape_inference.infer_shapes(to_half(scale_by_best()))
    types = {
        value.name: value.type.tensor_type.elem_type
        for value in half.graph.value_info
    }
    assert types['hidden'] == types['scaled'] == TensorProto.FLOAT16
    assert types['large'] == TensorProto.FLOAT
    constants = {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in half.graph.initializer
    }
    inputs = {node.name: list(node.input) for node in half.graph.node}
    exact, rounded = inputs['leads to it'][1], inputs['result'][1]
    assert constants[exact].dtype == np.float32
    assert constants[rounded].dtype == np.float16
    (least,) = (v for n, v in constants.items() if n.startswith('tiny'))
    assert 0 < least < 2e-7


@pytest.mark.parametrize('keep_io_types', [True, False])
def test_output_of_an_exact_node(tmp_path, keep_io_types):
    """It is cast where the type that was asked for is another."""
    graph = make_graph()
    graph.graph.node.pop()
    graph.graph.node.extend(
        [
            helper.make_node('Sigmoid', ['flat'], ['probability']),
            helper.make_node('Greater', ['probability', 'thr'], ['is']),
            helper.make_node('Cast', ['is'], ['output'], to=TensorProto.FLOAT),
        ]
    )
    graph.graph.initializer.append(constant('thr', np.float32(0.7)))
    half = to_half(graph, keep_io_types)
    images = torch.rand(2, 3, 8, 8)
    path = tmp_path / 'model.onnx'
    scores = score(half, images, path)
    assert torch.equal(scores, score(graph, images, path))
    assert set(scores.flatten().tolist()) <= {0, 1}
