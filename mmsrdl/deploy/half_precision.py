"""ONNX graphs in half precision, but for what decides."""

from collections.abc import Iterator
from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np

from .onnx_files import require

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

HALF = 'half'
WEIGHTED = frozenset(['Conv', 'ConvTranspose', 'Einsum', 'Gemm', 'MatMul'])
"""Operators that are worth it; a search for what decides ends at them."""

EXACT = frozenset(
    ['Cast', 'CumSum', 'GridSample', 'Range', 'Resize', 'RoiAlign', 'Upsample']
)
"""Operators that stay in float32: of positions, or by ONNX's definition."""

COORDINATES = dict(GridSample=1, RoiAlign=1)
"""Operators that look values up, and which of their inputs says where."""

LEAST, LARGEST = 1e-7, float(np.finfo(np.float16).max)
"""Of a constant that is not 0, so that none becomes 0 or infinite."""


def to_half(model: 'ModelProto', keep_io_types: bool = True) -> 'ModelProto':
    """Store weights and compute in half precision.

    Indices, comparisons and coordinates stay in float32, with all that leads
    to them from the last product with weights on: rounding there would not
    change a score a little, but choose something else.

    Args:
        model (ModelProto): A graph in float32, without nested graphs.
        keep_io_types (bool): Whether input and output stay float32. Defaults
            to True.

    Returns:
        ModelProto: The graph.
    """
    onnx = require('onnx')
    model = deepcopy(model)
    graph, kinds = model.graph, onnx.TensorProto
    floats = _find_floats(onnx.shape_inference.infer_shapes(model).graph)
    exact = _find_exact(graph, floats)
    constants = {t.name: t for t in graph.initializer if t.name in floats}
    (image,), (output,) = graph.input, graph.output
    if not keep_io_types:
        for each in (image, output):
            each.type.tensor_type.elem_type = kinds.FLOAT16

    types = dict.fromkeys(constants, kinds.FLOAT)
    types[image.name] = image.type.tensor_type.elem_type
    nodes, cast = [], {}

    def get(name: str, kind: int) -> str:
        """Name of a value in a type, made of the one that is there."""
        if name not in floats or types[name] == kind:
            return name
        if (name, kind) not in cast:
            suffix = HALF if kind == kinds.FLOAT16 else 'float'
            other = cast[name, kind] = f'{name}_{suffix}'
            if name in constants:
                values = onnx.numpy_helper.to_array(constants[name])
                half = onnx.numpy_helper.from_array(_round(values), other)
                graph.initializer.append(half)
            else:
                nodes.append(
                    onnx.helper.make_node('Cast', [name], [other], to=kind)
                )
        return cast[name, kind]

    for index, node in enumerate(graph.node):
        kind = kinds.FLOAT if index in exact else kinds.FLOAT16
        if node.op_type not in ('Shape', 'Size'):
            node.input[:] = [get(name, kind) for name in node.input]
        types |= dict.fromkeys(node.output, kind)
        nodes.append(node)

    wanted = output.type.tensor_type.elem_type
    if types[output.name] != wanted:
        last = get(output.name, wanted)
        for node in nodes:  # the name is that of the value which goes out
            for names in (node.input, node.output):
                names[:] = [
                    {last: output.name, output.name: last}.get(name, name)
                    for name in names
                ]
    used = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    for field, values in (
        ('node', nodes),
        ('initializer', kept),
        ('value_info', []),
    ):
        values = deepcopy(values)
        graph.ClearField(field)
        getattr(graph, field).extend(values)
    return model


def _find_floats(graph: 'GraphProto') -> set[str]:
    """Name the values that are float32."""
    kind = require('onnx').TensorProto.FLOAT
    values = [*graph.input, *graph.value_info, *graph.output]
    floats = {v.name for v in values if v.type.tensor_type.elem_type == kind}
    return floats | {
        tensor.name for tensor in graph.initializer if tensor.data_type == kind
    }


def _find_exact(graph: 'GraphProto', floats: set[str]) -> set[int]:
    """Indices of the nodes that stay in float32."""
    producers = {
        name: index
        for index, node in enumerate(graph.node)
        for name in node.output
    }
    exact, waiting = set(), []
    for index, node in enumerate(graph.node):
        # What makes floats of other things says by itself of which type.
        is_source = not floats.intersection(node.input)
        deciding = list(_find_deciding(node, floats))
        if is_source or deciding or node.op_type in EXACT or node.domain:
            exact.add(index)
        waiting.extend(deciding)
    seen = set()
    while waiting:
        name = waiting.pop()
        index = producers.get(name)
        if index is None or index in seen or name not in floats:
            continue
        seen.add(index)
        node = graph.node[index]
        if node.op_type not in WEIGHTED:
            exact.add(index)
            waiting.extend(node.input)
    return exact


def _find_deciding(node: 'NodeProto', floats: set[str]) -> Iterator[str]:
    """Name the floats of which a node makes a choice."""
    if node.op_type in COORDINATES:
        yield node.input[COORDINATES[node.op_type]]
    elif node.op_type not in ('Shape', 'Size') and any(
        name and name not in floats for name in node.output
    ):
        yield from floats.intersection(node.input)


def _round(values: np.ndarray) -> np.ndarray:
    """Constants in half precision, finite and other than 0 as before."""
    tiny = (values != 0) & (abs(values) < LEAST)
    values = np.where(tiny, np.copysign(LEAST, values), values)
    limited = values.clip(-LARGEST, LARGEST)
    return np.where(np.isfinite(values), limited, values).astype(np.float16)
