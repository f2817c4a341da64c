import sys

import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper

from mmsrdl.deploy import OnnxRuntimeSession, to_half

from .tiny_graphs import make_graph


@pytest.fixture
def open_graph(tmp_path):
    """Opens a graph, written to a file."""

    def run(model, **options):
        path = tmp_path / 'model.onnx'
        onnx.save(model, path)
        return OnnxRuntimeSession(path, **options)

    return run


def expected(images):
    return images.amax((2, 3)).sigmoid()


@pytest.mark.parametrize('fixed', ['batch', 1, 2, 4])
@pytest.mark.parametrize('count', [0, 1, 4, 5])
def test_any_number_of_images(open_graph, fixed, count):
    session = open_graph(make_graph(batch=fixed))
    assert session.input_shape[0] == (None if fixed == 'batch' else fixed)
    images = torch.randn(count, 3, 8, 8)
    scores = session(images)
    torch.testing.assert_close(scores, expected(images))
    assert scores.dtype == torch.float32


def test_half_precision_input(open_graph):
    session = open_graph(to_half(make_graph(), keep_io_types=False))
    images = torch.randn(2, 3, 8, 8)
    scores = session(images)
    assert scores.dtype == torch.float32
    torch.testing.assert_close(scores, expected(images), atol=2e-3, rtol=0)


@pytest.mark.parametrize(
    ('shape', 'message'),
    [
        ((1, 3, 8, 9), r'8 x 8 pixels .* got 3 x 8 x 9'),
        ((1, 3, 4, 8), r'8 x 8 pixels .* got 3 x 4 x 8'),
        ((1, 1, 8, 8), r'3 channels, 8 x 8 pixels .* got 1 x 8 x 8'),
        ((3, 8, 8), r'3 channels, 8 x 8 pixels .* got 8 x 8'),
    ],
)
def test_wrong_size(open_graph, shape, message):
    with pytest.raises(ValueError, match=message):
        open_graph(make_graph())(torch.zeros(shape))


def test_size_that_is_free_in_name_alone(open_graph):
    """The graph reshapes to two images, whatever it gets."""
    node = helper.make_node('Reshape', ['input', 'shape'], ['x'])
    shape = helper.make_tensor('shape', TensorProto.INT64, [4], [2, 3, 8, 8])
    session = open_graph(make_graph(node, initializers=[shape]))
    assert session(torch.zeros(2, 3, 8, 8)).shape == (2, 3)
    with pytest.raises(RuntimeError, match=r'images of shape \(3, 3, 8, 8\)'):
        session(torch.zeros(3, 3, 8, 8))


@pytest.mark.parametrize('damage', ['empty', 'text', 'half', 'operator'])
def test_broken_file(tmp_path, damage):
    content = make_graph().SerializeToString()
    if damage == 'operator':
        node = helper.make_node('Sharpen', ['input'], ['x'])
        content = make_graph(node).SerializeToString()
    path = tmp_path / 'model.onnx'
    path.write_bytes(
        dict(
            empty=b'',
            text=b'I am no graph.',
            half=content[: len(content) // 2],
            operator=content,
        )[damage]
    )
    with pytest.raises(ValueError, match='cannot read .*model.onnx'):
        OnnxRuntimeSession(path)


def test_several_outputs(open_graph):
    model = make_graph()
    model.graph.output.append(
        helper.make_tensor_value_info('flat', TensorProto.FLOAT, None)
    )
    with pytest.raises(ValueError, match='one input.* and one output'):
        open_graph(model)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(elem_type=TensorProto.UINT8), r'it has input, tensor\(uint8\)'),
        (dict(shape=['batch', 192]), r"has input, .* of \['batch', 192\]"),
    ],
)
def test_other_input(open_graph, change, message):
    """As of graphs that somebody else exported."""
    tensor = dict(elem_type=TensorProto.FLOAT, shape=['batch', 3, 8, 8])
    model = make_graph(
        helper.make_node('Cast', ['input'], ['y'], to=TensorProto.FLOAT),
        helper.make_node('Reshape', ['y', 'shape'], ['x']),
        initializers=[
            helper.make_tensor('shape', TensorProto.INT64, [4], [-1, 3, 8, 8])
        ],
    )
    model.graph.input[0].CopyFrom(
        helper.make_tensor_value_info('input', **tensor | change)
    )
    with pytest.raises(ValueError, match=message):
        open_graph(model)


def test_file_or_runtime_is_missing(open_graph, monkeypatch, tmp_path):
    with pytest.raises(FileNotFoundError, match='no ONNX file .*none.onnx'):
        OnnxRuntimeSession(tmp_path / 'none.onnx')
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(RuntimeError, match='pip install onnxruntime$'):
        open_graph(make_graph())


def test_device_that_the_runtime_lacks(open_graph):
    with pytest.raises(RuntimeError, match='does not run on cuda.*-gpu$'):
        open_graph(make_graph(), device='cuda')


@pytest.mark.filterwarnings('ignore:Specified provider')
def test_libraries_of_cuda_are_missing(open_graph, monkeypatch):
    """ONNX Runtime would go on without a word, on the CPU."""
    providers = ['CUDAExecutionProvider', 'CPUExecutionProvider']
    monkeypatch.setattr(
        onnxruntime, 'get_available_providers', lambda: providers
    )
    with pytest.raises(RuntimeError, match='cannot run on cuda.* libraries'):
        open_graph(make_graph(), device='cuda')


def test_metadata(open_graph):
    model = make_graph()
    helper.set_model_props(model, dict(colour='blue'))
    assert open_graph(model).metadata == dict(colour='blue')


def test_threads_are_those_of_pytorch(open_graph):
    session = open_graph(make_graph())
    options = session._session.get_session_options()
    assert options.intra_op_num_threads == torch.get_num_threads()
