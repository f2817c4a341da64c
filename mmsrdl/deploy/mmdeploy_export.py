"""The graph that MMDeploy writes, made the same as that of our driver."""

import inspect
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from mmdeploy.pytorch.symbolics.grid_sampler import grid_sampler
from torch import Tensor, nn

from .constant_folding import fold_constants
from .model_metadata import write_metadata
from .onnx_files import load_onnx, write_whole

GRID_SAMPLE_OPSET = 16
"""From which on ONNX has an operator for ``grid_sample``."""


def export(
    model: nn.Module, args: Tensor | tuple, file: str, **options
) -> None:
    """Export as MMDeploy expects it of ``torch.onnx.export``.

    Models are traced on all versions of PyTorch; those that
    :class:`MultiLabelClassification` has built get their metadata, and lose
    what no image changes.
    """
    if 'dynamo' in inspect.signature(torch.onnx.export).parameters:
        options.setdefault('dynamo', False)
    with write_whole(Path(file)) as part:
        with warnings.catch_warnings():
            # Shapes that are checked, and an exporter that will not change.
            warnings.simplefilter('ignore')
            with _standard_grid_sample(options['opset_version']):
                torch.onnx.export(model, args, str(part), **options)
        if hasattr(model, 'deploy_metadata'):
            graph = load_onnx(part)
            fold_constants(graph)
            write_metadata(graph, model.deploy_metadata)
            part.write_bytes(graph.SerializeToString())


@contextmanager
def _standard_grid_sample(opset: int) -> Iterator[None]:
    """Write ONNX's operator where there is one, not MMDeploy's own."""
    if opset < GRID_SAMPLE_OPSET:
        yield
        return
    name = '::grid_sampler'
    torch.onnx.unregister_custom_op_symbolic(name, opset)
    try:
        yield
    finally:  # MMDeploy is about to unregister it
        torch.onnx.register_custom_op_symbolic(name, grid_sampler, opset)
