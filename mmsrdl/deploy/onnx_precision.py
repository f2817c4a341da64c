"""ONNX graphs in 8 bits."""

import math
import tempfile
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from .exportable_model import INPUT
from .onnx_files import require

if TYPE_CHECKING:
    from onnx import ModelProto


FLOAT_SHARE = 1 / 3
"""Of the convolutions, the first, that stay in float32.

They have few channels, of very different ranges. A MobileNetV2 for VOC 2007
lost 0.5 mAP with a share of 1/6, 0.4 with 1/4 and 0.2 so; see
docs/benchmarks.md.
"""


def quantize(
    model: 'ModelProto', images: Iterable[Tensor], symmetric: bool = False
) -> 'ModelProto':
    """Compute convolutions in 8 bits (QDQ format).

    Args:
        model (ModelProto): A graph in float32.
        images (Iterable[Tensor]): Inputs, (B, 3, H, W) each, on the CPU, by
            which the ranges of activations are found.
        symmetric (bool): For TensorRT, which wants signed activations whose
            zero is 0, weights that are rounded where the graph runs, biases
            that never are, and fuses activations itself. Defaults to False,
            for ONNX Runtime on CPUs.

    Returns:
        ModelProto: The graph, with float32 input and output.

    Raises:
        ValueError: If there are no convolutions to compute in 8 bits.
    """
    quantization = require('onnxruntime.quantization')
    kept = _find_first(model)
    if not any(
        node.op_type == 'Conv' and node.name not in kept
        for node in model.graph.node
    ):
        raise ValueError(
            'The model has too few convolutions for 8 bits, which leave all '
            'else in float32: deploy it in float32 or half precision.'
        )
    kinds = quantization.QuantType
    inputs = ({INPUT: batch.numpy()} for batch in images)

    class Reader(quantization.CalibrationDataReader):
        def get_next(self) -> dict | None:
            return next(inputs, None)

    options = dict(
        op_types_to_quantize=['Conv', 'Relu', 'Clip'],
        activation_type=kinds.QUInt8,
        # Without VNNI, products of 8 bits would not fit their sums.
        reduce_range=True,
        extra_options=dict(CalibMovingAverage=True),
    )
    if symmetric:
        options = dict(
            op_types_to_quantize=['Conv'],
            activation_type=kinds.QInt8,
            extra_options=dict(
                ActivationSymmetric=True,
                AddQDQPairToWeight=True,
                QuantizeBias=False,
                OpTypesToExcludeOutputQuantization=['Conv'],
                CalibMovingAverage=True,
            ),
        )
    graph = deepcopy(model)  # whose weights would move to another file
    quantization.quant_utils.add_pre_process_metadata(graph)  # it needs none
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'quantized.onnx')
        quantization.quantize_static(
            graph,
            path,
            Reader(),
            per_channel=True,
            weight_type=kinds.QInt8,
            nodes_to_exclude=kept,
            **options,
        )
        return require('onnx').load(path)


def _find_first(model: 'ModelProto') -> list[str]:
    """Name the convolutions that stay in float32, and their activations."""
    nodes = model.graph.node
    convolutions = [node for node in nodes if node.op_type == 'Conv']
    kept = convolutions[: math.ceil(FLOAT_SHARE * len(convolutions))]
    outputs = {name for node in kept for name in node.output}
    return [
        node.name
        for node in nodes
        if node in kept
        or (node.op_type in ('Relu', 'Clip') and node.input[0] in outputs)
    ]
