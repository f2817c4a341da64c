"""Building of TensorRT engines, version 10 or newer.

Networks are strongly typed, in TensorRT 11 the only kind: what runs in half
precision or in 8 bits is said by the graph alone.
"""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import torch
from mmengine.config import Config

from .deploy_options import PROFILE, SHAPES, DeployOptions
from .exportable_model import ENGINE_SUFFIX, INPUT
from .onnx_files import load_onnx, write_whole
from .tensorrt_operators import check_tensorrt_graph

if TYPE_CHECKING:
    from onnx import ModelProto


def import_tensorrt() -> ModuleType:
    """Import TensorRT.

    Raises:
        RuntimeError: If it is missing or too old, or there is no GPU.
    """
    try:
        import tensorrt
    except ImportError as error:
        raise RuntimeError(
            f'TensorRT cannot be imported ({error}). Install it on a machine '
            'with an NVIDIA GPU: pip install tensorrt'
        ) from None
    if int(tensorrt.__version__.split('.')[0]) < 10:
        raise RuntimeError(
            f'TensorRT {tensorrt.__version__} is installed, 10 or newer is '
            'needed; MMDeploy takes 8.6.'
        )
    if not torch.cuda.is_available():
        raise RuntimeError(
            'TensorRT needs an NVIDIA GPU, and PyTorch finds none here. '
            'Engines are built on the kind of GPU that is to run them.'
        )
    return tensorrt


@dataclass(frozen=True)
class TensorRTBuilder:
    """Builds an engine for the GPU of this machine.

    Attributes:
        onnx_file (Path): A graph that TensorRT can read.
        engine_file (Path): Where the engine is written.
        shapes (Mapping[str, tuple[int, ...]]): Of a graph with free axes the
            ``'min'``, ``'opt'`` and ``'max'`` shape of the input, (B, 3, H,
            W).
        workspace (int): Memory that a layer may need, in bytes.
    """

    onnx_file: Path
    engine_file: Path
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    workspace: int = 1 << 30

    @classmethod
    def from_config(
        cls, deploy_cfg: Config, onnx_file: str | os.PathLike
    ) -> 'TensorRTBuilder':
        """Check a graph, and read how to build it.

        Args:
            deploy_cfg (Config): See ``configs/deploy``. Its shapes matter
                where the graph has free axes.
            onnx_file (str | PathLike): The graph, ``.onnx``. The engine is
                written beside it, ``.engine``.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If TensorRT cannot read the graph, or shapes for its
                free axes are missing.
        """
        onnx_file = Path(onnx_file)
        graph = load_onnx(onnx_file)
        check_tensorrt_graph(graph)
        options = DeployOptions.from_config(deploy_cfg)
        common = deploy_cfg.backend_config.get('common_config', {})
        return cls(
            onnx_file,
            onnx_file.with_suffix(ENGINE_SUFFIX),
            _find_shapes(graph, options.input_shapes),
            common.get('max_workspace_size', cls.workspace),
        )

    def format_trtexec(self) -> str:
        """Return the command of TensorRT that does what :meth:`build` does."""
        parts = [
            'trtexec',
            f'--onnx={self.onnx_file}',
            f'--saveEngine={self.engine_file}',
            '--stronglyTyped',
            f'--memPoolSize=workspace:{self.workspace // (1 << 20)}',
        ]
        for key, shape in self.shapes.items():
            parts.append(f'--{key}Shapes={INPUT}:{"x".join(map(str, shape))}')
        return shlex.join(parts)

    def build(self) -> None:
        """Write the engine.

        Raises:
            RuntimeError: If TensorRT or a GPU is missing, or it fails.
        """
        trt = import_tensorrt()
        logger = trt.Logger(trt.Logger.WARNING)
        builder = trt.Builder(logger)
        # Has to be asked for in TensorRT 10, and changes nothing in 11.
        flag = trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED
        network = builder.create_network(1 << int(flag))
        parser = trt.OnnxParser(network, logger)
        if not parser.parse_from_file(str(self.onnx_file)):
            errors = [parser.get_error(i) for i in range(parser.num_errors)]
            raise RuntimeError(
                f'TensorRT cannot read {self.onnx_file}: '
                f'{"; ".join(map(str, errors))}'
            )
        config = builder.create_builder_config()
        config.set_memory_pool_limit(
            trt.MemoryPoolType.WORKSPACE, self.workspace
        )
        if self.shapes:
            profile = builder.create_optimization_profile()
            profile.set_shape(INPUT, *(self.shapes[key] for key in SHAPES))
            config.add_optimization_profile(profile)
        engine = builder.build_serialized_network(network, config)
        if engine is None:
            raise RuntimeError(
                f'TensorRT could not build an engine of {self.onnx_file}: '
                'its messages above say why.'
            )
        with write_whole(self.engine_file) as part:
            part.write_bytes(engine)


def _find_shapes(
    graph: 'ModelProto', given: Mapping[str, tuple[int, ...]]
) -> dict[str, tuple[int, ...]]:
    """Shapes of a config, with the sizes that the graph has fixed."""
    (image,) = graph.graph.input
    axes = image.type.tensor_type.shape.dim
    fixed = [axis.HasField('dim_value') for axis in axes]
    if all(fixed):
        return {}
    if not given:
        raise ValueError(
            'The graph has axes of free size: the deploy config must give '
            f'their sizes in {PROFILE}, as min_shape, opt_shape and '
            'max_shape.'
        )
    return {
        key: tuple(
            axis.dim_value if known else size
            for axis, known, size in zip(axes, fixed, shape, strict=True)
        )
        for key, shape in given.items()
    }
