"""Evaluation, ahead of time, of what does not depend on the image."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import ModelProto


def fold_constants(model: 'ModelProto') -> None:
    """Replace what depends on weights alone by its value, in place.

    In SRDL's graph that is the label graph and f_w of it: what stays is the
    guide (C, H). Exporters fold some operators alone, each others.

    Args:
        model (ModelProto): A graph without nested graphs.

    Raises:
        ValueError: If there are nested graphs.
    """
    from onnx import helper, numpy_helper
    from onnx.reference import ReferenceEvaluator

    graph = model.graph
    for node in graph.node:
        if any(each.HasField('g') or each.graphs for each in node.attribute):
            raise ValueError(
                f'The graph has a nested graph, in its {node.op_type}, which '
                'cannot be exported: replace the branch or loop of the model '
                'that depends on the values of tensors.'
            )
    known = {tensor.name: tensor for tensor in graph.initializer}
    constant, kept = [], []
    for node in graph.node:  # sorted by what they need
        # An input that is left out has an empty name.
        is_constant = all(not name or name in known for name in node.input)
        (constant if is_constant else kept).append(node)
        if is_constant:
            known.update(dict.fromkeys(node.output))
    needed = {name for node in kept for name in node.input}
    needed.update(output.name for output in graph.output)

    folded = [
        name for node in constant for name in node.output if name in needed
    ]
    if folded:
        used = {name for node in constant for name in node.input}
        part = helper.make_graph(
            constant,
            'constants',
            [],
            [helper.make_empty_tensor_value_info(name) for name in folded],
            [tensor for tensor in graph.initializer if tensor.name in used],
        )
        evaluator = ReferenceEvaluator(
            helper.make_model(part, opset_imports=model.opset_import)
        )
        graph.initializer.extend(
            numpy_helper.from_array(value, name)
            for name, value in zip(
                folded, evaluator.run(None, {}), strict=True
            )
        )
    initializers = [t for t in graph.initializer if t.name in needed]
    for field, values in (('node', kept), ('initializer', initializers)):
        graph.ClearField(field)
        getattr(graph, field).extend(values)
