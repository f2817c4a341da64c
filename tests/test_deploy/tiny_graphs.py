"""Graphs that need no model."""

from onnx import TensorProto, helper


def make_graph(*extra, opset=17, batch='batch', size=8, initializers=()):
    """Pooling and a sigmoid, after nodes from ``input`` to ``x``."""
    nodes = extra or (helper.make_node('Identity', ['input'], ['x']),)
    graph = helper.make_graph(
        [
            *nodes,
            helper.make_node('GlobalMaxPool', ['x'], ['pooled']),
            helper.make_node('Flatten', ['pooled'], ['flat']),
            helper.make_node('Sigmoid', ['flat'], ['output']),
        ],
        'tiny',
        [
            helper.make_tensor_value_info(
                'input', TensorProto.FLOAT, [batch, 3, size, size]
            )
        ],
        [
            helper.make_tensor_value_info(
                'output', TensorProto.FLOAT, [batch, 3]
            )
        ],
        list(initializers),
    )
    imports = [helper.make_opsetid('', opset)]
    if any(node.domain for node in nodes):
        imports.append(helper.make_opsetid('custom', 1))
    model = helper.make_model(graph, opset_imports=imports)
    model.ir_version = 8
    return model
