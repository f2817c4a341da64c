"""What TensorRT's ONNX parser can read, known without TensorRT."""

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

OPSETS = range(9, 25)
"""Opsets that TensorRT 10.15 reads; 11 reads them too."""

OPERATORS = frozenset(
    """
    Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh Attention
    AveragePool BatchNormalization BlackmanWindow Cast CastLike Ceil Celu Clip
    Concat Constant ConstantOfShape Conv ConvTranspose Cos Cosh CumSum
    DeformConv DepthToSpace DequantizeLinear Div Dropout Einsum Elu Equal Erf
    Exp Expand EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu
    Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual
    GridSample GroupNormalization HammingWindow HannWindow HardSigmoid
    HardSwish Hardmax Identity If InstanceNormalization IsInf IsNaN LRN LSTM
    LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax Loop
    LpNormalization LpPool MatMul Max MaxPool Mean MeanVarianceNormalization
    Min Mish Mod Mul Neg NonMaxSuppression NonZero Not OneHot Or PRelu Pad Pow
    QuantizeLinear RMSNormalization RNN RandomNormal RandomNormalLike
    RandomUniform RandomUniformLike Range Reciprocal ReduceL1 ReduceL2
    ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
    ReduceSum ReduceSumSquare Relu Reshape Resize ReverseSequence RoiAlign
    RotaryEmbedding Round STFT Scan Scatter ScatterElements ScatterND Selu
    Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign
    SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh TensorScatter
    ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Upsample Where Xor
    """.split()  # noqa: SIM905
)
"""Marked Y in docs/operators.md of github.com/onnx/onnx-tensorrt for 10.15."""


def check_tensorrt_graph(model: 'ModelProto') -> None:
    """Check that TensorRT's parser documents all that a graph asks of it.

    The graph is valid, its shapes can be inferred, its opset and operators
    are supported, axes of reductions are constants and quantisation is
    symmetric in int8.

    Args:
        model (ModelProto): Without nested graphs.

    Raises:
        ValueError: If it is not so, with all that is wrong.
    """
    import onnx

    try:
        onnx.checker.check_model(model, full_check=True)
    except (
        onnx.checker.ValidationError,
        onnx.shape_inference.InferenceError,
    ) as error:
        raise ValueError(f'The graph is not valid ONNX: {error}') from None
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    problems = Counter(_find_problems(model))
    if opsets.get('') not in OPSETS:
        problems[f'opset {opsets.get("")}, not in 9 to 24'] += 1
    if problems:
        found = '; '.join(
            f'{problem} ({count}×)' if count > 1 else problem
            for problem, count in problems.items()
        )
        raise ValueError(f'TensorRT cannot read the graph: {found}.')


def _find_problems(model: 'ModelProto'):
    """Yield what the parser does not support."""
    from onnx import numpy_helper

    constants = {t.name: t for t in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == 'Constant' and node.attribute[0].name == 'value':
            constants[node.output[0]] = node.attribute[0].t

    def value_of(node: 'NodeProto', index: int) -> np.ndarray | None:
        name = node.input[index] if index < len(node.input) else ''
        tensor = constants.get(name)
        return None if tensor is None else numpy_helper.to_array(tensor)

    for node in model.graph.node:
        operator = f'{node.domain}::{node.op_type}'.removeprefix('::')
        if operator.removeprefix('ai.onnx::') not in OPERATORS:
            yield f'operator {operator}'
        elif operator in ('QuantizeLinear', 'DequantizeLinear'):
            zero_point = value_of(node, 2)
            if (
                zero_point is None
                or zero_point.dtype != np.int8
                or zero_point.any()
            ):
                yield f'{operator} other than symmetric in int8'
        elif (
            operator.startswith('Reduce')
            and len(node.input) > 1
            and value_of(node, 1) is None
        ):
            yield f'{operator} over axes that are not constant'
