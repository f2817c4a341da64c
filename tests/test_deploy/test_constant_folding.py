import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from mmsrdl.deploy import fold_constants


def make(nodes, outputs, constants):
    def value(name):
        return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [2])

    graph = helper.make_graph(
        nodes, 'test', [value('input')], [value(name) for name in outputs],
        [
            numpy_helper.from_array(np.float32(constant), name)
            for name, constant in constants.items()
        ],
    )  # fmt: skip
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid('', 17)]
    )
    model.ir_version = 8
    return model


def run(model):
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, dict(input=np.float32([1, 2])))


def count(model):
    graph = model.graph
    return len(graph.node), len(graph.initializer)


@pytest.mark.parametrize(
    ('nodes', 'outputs', 'expected'),
    [
        pytest.param(
            [
                helper.make_node('Mul', ['a', 'b'], ['c']),
                helper.make_node('Add', ['c', 'a'], ['d']),
                helper.make_node('Add', ['input', 'd'], ['output']),
            ],
            ['output'],
            (1, 1),
            id='a chain',
        ),
        pytest.param(
            [
                helper.make_node('Split', ['a'], ['c', 'd'], axis=0),
                helper.make_node('Mul', ['input', 'c'], ['e']),
                helper.make_node('Add', ['e', 'd'], ['output']),
            ],
            ['output'],
            (2, 2),
            id='several outputs',
        ),
        pytest.param(
            [
                helper.make_node('Constant', [], ['c'], value_floats=[3.0]),
                helper.make_node('Clip', ['a', '', 'c'], ['d']),
                helper.make_node('Add', ['input', 'd'], ['output']),
            ],
            ['output'],
            (1, 1),
            id='no input, and one that is left out',
        ),
        pytest.param(
            [
                helper.make_node('Add', ['a', 'b'], ['constant']),
                helper.make_node('Add', ['input', 'a'], ['output']),
            ],
            ['output', 'constant'],
            (1, 2),
            id='a constant output',
        ),
        pytest.param(
            [helper.make_node('Add', ['input', 'a'], ['output'])],
            ['output'],
            (1, 1),
            id='nothing but an unused weight',
        ),
    ],
)
def test_fold(nodes, outputs, expected):
    model = make(nodes, outputs, dict(a=[1, 5], b=[3, 4]))
    before = run(model)
    fold_constants(model)
    assert count(model) == expected
    for one, other in zip(run(model), before):
        np.testing.assert_array_equal(one, other)
    fold_constants(model)
    assert count(model) == expected


def test_nested_graphs():
    """What a branch reads would be thrown away."""
    branch = helper.make_graph(
        [helper.make_node('Identity', ['a'], ['then'])],
        'branch',
        [],
        [helper.make_tensor_value_info('then', onnx.TensorProto.FLOAT, [2])],
    )
    nodes = [
        helper.make_node('Equal', ['input', 'b'], ['equal']),
        helper.make_node(
            'If', ['equal'], ['output'], then_branch=branch, else_branch=branch
        ),
    ]
    model = make(nodes, ['output'], dict(a=[1, 5], b=[3, 4]))
    with pytest.raises(ValueError, match='nested graph, in its If'):
        fold_constants(model)
