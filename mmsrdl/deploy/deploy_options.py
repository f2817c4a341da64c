"""What a deploy config asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mmengine.config import Config

from .exportable_model import FILE_NAME, INPUT, OUTPUT

BACKENDS = ('onnxruntime', 'tensorrt')
PRECISIONS = ('fp32', 'fp16', 'int8')
NAMES = dict(save_file=FILE_NAME, input_names=[INPUT], output_names=[OUTPUT])
FREE_AXES = {INPUT: (0, 2, 3), OUTPUT: (0,)}
"""Axes that may be of free size: batch, height and width."""

SHAPES = ('min', 'opt', 'max')
PROFILE = f'backend_config.model_inputs[0].input_shapes.{INPUT}'


@dataclass(frozen=True)
class DeployOptions:
    """Options of a deploy config, which are those of MMDeploy.

    Attributes:
        backend (str): ``'onnxruntime'`` or ``'tensorrt'``.
        precision (str): ``'fp32'``, ``'fp16'`` or ``'int8'``, which a config
            for TensorRT asks for by ``fp16_mode`` and ``int8_mode``. With
            both it is ``'int8'``: what is not in 8 bits stays in float32,
            where MMDeploy's TensorRT may take half precision.
        keep_io_types (bool): Whether input and output of a graph in half
            precision stay float32.
        input_shape (tuple[int, int], optional): Width and height, None for
            those that the test pipeline gives.
        input_shapes (dict): Of a TensorRT engine with free axes the
            ``'min'``, ``'opt'`` and ``'max'`` shape of the input, (B, 3, H,
            W), or none.
        dynamic_axes (dict): See :func:`~mmsrdl.deploy.export_onnx`.
        opset_version (int): See there.
        dynamo (bool): See there; MMDeploy does not know it.
        calibration_images (int): How many images say what to make of 8 bit.
    """

    backend: str
    precision: str = 'fp32'
    keep_io_types: bool = True
    input_shape: tuple[int, int] | None = None
    input_shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    dynamic_axes: dict[str, dict[int, str]] = field(default_factory=dict)
    opset_version: int = 17
    dynamo: bool = False
    calibration_images: int = 100

    @classmethod
    def from_config(cls, cfg: Config) -> 'DeployOptions':
        """Read a deploy config.

        Raises:
            ValueError: If an option is missing or not supported.
        """
        onnx_config = cfg.get('onnx_config', {})
        backend_config = cfg.get('backend_config', {})
        backend = backend_config.get('type')
        _check('backend_config.type', backend, BACKENDS)
        for key, value in NAMES.items():
            _check(f'onnx_config.{key}', onnx_config.get(key, value), [value])
        precision = backend_config.get('precision', 'fp32')
        common = backend_config.get('common_config', {})
        if backend == 'tensorrt':
            modes = [p for p in PRECISIONS if common.get(f'{p}_mode')]
            precision = modes[-1] if modes else 'fp32'
        _check('backend_config.precision', precision, PRECISIONS)
        calibration = cfg.get('calib_config', {})
        count = calibration.get('num_images', cls.calibration_images)
        if not isinstance(count, int) or count < 1:
            raise ValueError(
                f'The deploy config has calib_config.num_images={count!r}, '
                'but at least 1 image is needed.'
            )
        return cls(
            backend=backend,
            precision=precision,
            # As MMDeploy, for which a graph for ONNX Runtime is half as is.
            keep_io_types=common.get('keep_io_types', backend == 'tensorrt'),
            input_shape=_read_shape(onnx_config.get('input_shape')),
            input_shapes=_read_shapes(backend_config),
            dynamic_axes=_read_axes(onnx_config.get('dynamic_axes') or {}),
            opset_version=onnx_config.get('opset_version', cls.opset_version),
            dynamo=onnx_config.get('dynamo', cls.dynamo),
            calibration_images=count,
        )

    @property
    def max_batch_size(self) -> int:
        """Images that a server may put together: 32, or an engine's limit."""
        return self.input_shapes['max'][0] if self.input_shapes else 32

    def check_size(self, height: int, width: int) -> None:
        """Compare the size of an image with that of the graph.

        Raises:
            ValueError: If the graph is to have another fixed size.
        """
        if self.input_shape is None:
            return
        free = self.dynamic_axes.get(INPUT, {})
        sizes = zip((3, 2), (width, height), self.input_shape, strict=True)
        if any(axis not in free and a != b for axis, a, b in sizes):
            raise ValueError(
                f'The test pipeline gives images of {width}x{height}, the '
                f'deploy config wants {"x".join(map(str, self.input_shape))}: '
                'change one of them (onnx_config.input_shape is width, '
                'height; None takes what the pipeline gives).'
            )


def _read_shape(shape: Sequence[int] | None) -> tuple[int, int] | None:
    """Width and height."""
    if shape is None:
        return None
    if not _are_sizes(shape, 2):
        raise ValueError(
            f'The deploy config has onnx_config.input_shape={shape!r}, but '
            'it must be (width, height) in pixels, or None.'
        )
    return tuple(shape)


def _read_shapes(backend_config: Config) -> dict[str, tuple[int, ...]]:
    """Shapes of the input that an engine is built for."""
    inputs = backend_config.get('model_inputs') or [{}]
    given = inputs[0].get('input_shapes', {}).get(INPUT)
    if not given:
        return {}
    shapes = [given.get(f'{key}_shape') for key in SHAPES]
    if not all(_are_sizes(shape, 4) for shape in shapes) or any(
        list(sizes) != sorted(sizes) for sizes in zip(*shapes, strict=True)
    ):
        raise ValueError(
            f'The deploy config has {PROFILE}={dict(given)}, but it must be '
            'min_shape, opt_shape and max_shape, each of them (B, 3, H, W) '
            'and none smaller than the one before.'
        )
    return dict(zip(SHAPES, map(tuple, shapes), strict=True))


def _are_sizes(shape: object, count: int) -> bool:
    return (
        isinstance(shape, list | tuple)
        and len(shape) == count
        and all(isinstance(size, int) and size > 0 for size in shape)
    )


def _read_axes(axes: Mapping) -> dict[str, dict[int, str]]:
    """Bring dynamic axes to names; a list of axes has none."""
    named = {}
    for tensor, each in axes.items():
        if not isinstance(each, Mapping):
            each = {axis: f'{tensor}_{axis}' for axis in each}
        allowed = {str(axis): axis for axis in FREE_AXES.get(tensor, ())}
        if not {str(axis) for axis in each} <= set(allowed):
            raise ValueError(
                f'The deploy config has onnx_config.dynamic_axes.{tensor}='
                f'{dict(each)}, but only the axes 0, 2 and 3 of {INPUT!r} '
                f'and 0 of {OUTPUT!r} can be free.'
            )
        named[tensor] = {
            allowed[str(axis)]: name for axis, name in each.items()
        }
    return named


def _check(key: str, value: object, choices: tuple | list) -> None:
    if value not in choices:
        raise ValueError(
            f'The deploy config has {key}={value!r}, but only '
            f'{" or ".join(map(repr, choices))} is supported.'
        )
