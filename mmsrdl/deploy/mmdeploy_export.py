"""The graph that MMDeploy writes, made the same as that of our driver."""

import inspect
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from .constant_folding import fold_constants
from .model_metadata import write_metadata
from .onnx_files import load_onnx, write_whole


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
            torch.onnx.export(model, args, str(part), **options)
        if hasattr(model, 'deploy_metadata'):
            graph = load_onnx(part)
            fold_constants(graph)
            write_metadata(graph, model.deploy_metadata)
            part.write_bytes(graph.SerializeToString())
