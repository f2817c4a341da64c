"""What a deploy config asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mmengine.config import Config

from .exportable_model import FILE_NAME, INPUT, OUTPUT

BACKENDS = ('onnxruntime', 'tensorrt')
PRECISIONS = ('fp32', 'fp16', 'int8')
NAMES = dict(save_file=FILE_NAME, input_names=[INPUT], output_names=[OUTPUT])


@dataclass(frozen=True)
class DeployOptions:
    """Options of a deploy config, which are those of MMDeploy.

    Attributes:
        backend (str): ``'onnxruntime'`` or ``'tensorrt'``.
        precision (str): ``'fp32'``, ``'fp16'`` or ``'int8'``.
        input_shape (tuple[int, int], optional): Width and height, None for
            those that the test pipeline gives.
        dynamic_axes (dict): See :func:`~mmsrdl.deploy.export_onnx`.
        opset_version (int): See there.
        dynamo (bool): See there; MMDeploy does not know it.
        calibration_images (int): How many images say what to make of 8 bit.
    """

    backend: str
    precision: str = 'fp32'
    input_shape: tuple[int, int] | None = None
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
        if backend == 'tensorrt':
            common = backend_config.get('common_config', {})
            modes = [p for p in PRECISIONS if common.get(f'{p}_mode')]
            precision = modes[-1] if modes else 'fp32'
        _check('backend_config.precision', precision, PRECISIONS)
        shape = onnx_config.get('input_shape')
        return cls(
            backend,
            precision,
            shape and tuple(shape),
            _read_axes(onnx_config.get('dynamic_axes') or {}),
            onnx_config.get('opset_version', cls.opset_version),
            onnx_config.get('dynamo', cls.dynamo),
            cfg.get('calib_config', {}).get(
                'num_images', cls.calibration_images
            ),
        )

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


def _read_axes(axes: Mapping) -> dict[str, dict[int, str]]:
    """Bring dynamic axes to names; a list of axes has none."""
    named = {}
    for tensor, each in axes.items():
        if not isinstance(each, Mapping):
            each = {axis: f'{tensor}_{axis}' for axis in each}
        named[tensor] = {int(axis): name for axis, name in each.items()}
    return named


def _check(key: str, value: object, choices: tuple | list) -> None:
    if value not in choices:
        raise ValueError(
            f'The deploy config has {key}={value!r}, but only '
            f'{" or ".join(map(repr, choices))} is supported.'
        )
