"""PyTorch to ONNX, by either exporter."""

import inspect
import io
import logging
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .constant_folding import fold_constants
from .exportable_model import INPUT, OUTPUT, ExportableModel
from .onnx_files import require

if TYPE_CHECKING:
    from onnx import ModelProto

DynamicAxes = Mapping[str, Mapping[int, str]]
"""By the name of input or output the names of its axes of free size."""

OPSETS = {False: range(11, 18), True: range(18, 24)}
"""Versions that each exporter writes, by ``dynamo``."""


def export_onnx(
    model: ExportableModel,
    images: Tensor,
    dynamic_axes: DynamicAxes | None = None,
    opset_version: int = 17,
    dynamo: bool = False,
) -> 'ModelProto':
    """Make an ONNX graph of a model.

    Args:
        model (ExportableModel): The model.
        images (Tensor): What it takes, (B, 3, H, W) float. All sizes are
            those of the graph but for the dynamic ones.
        dynamic_axes (DynamicAxes, optional): Axes of free size, of the input
            0 (batch), 2 (height) and 3 (width). Defaults to None.
        opset_version (int): Version of the operators: 11 to 17, or 18 to 23
            with ``dynamo``. Defaults to 17.
        dynamo (bool): Whether to use PyTorch's newer exporter, by
            ``torch.export``, and not TorchScript's. Defaults to False.

    Returns:
        ModelProto: Checked, from ``input`` to ``output``, without what does
        not depend on the image.

    Raises:
        ValueError: If the exporter does not write the opset.
        RuntimeError: If a package or the newer exporter is missing, or it
            writes another opset or a fixed size, and was asked for others.
    """
    onnx = require('onnx')
    check_opset(opset_version, dynamo)
    axes = {name: dict(each) for name, each in (dynamic_axes or {}).items()}
    if 0 in axes.get(INPUT, ()):
        # An axis of size 1 would be taken for a constant.
        images = torch.cat((images, images))
    export = _export_dynamo if dynamo else _export_torchscript
    with warnings.catch_warnings(), torch.no_grad():
        # Shapes that are checked, and an exporter that will not change.
        warnings.simplefilter('ignore')
        graph = export(model, images, axes, opset_version)
    written = {each.domain: each.version for each in graph.opset_import}['']
    if written != opset_version:
        raise RuntimeError(
            f'PyTorch {torch.__version__} wrote opset {written}, not '
            f'{opset_version}, which was asked for: set '
            f'onnx_config.opset_version to {written}.'
        )
    shape = graph.graph.input[0].type.tensor_type.shape.dim
    if any(axis > 0 and shape[axis].dim_value for axis in axes.get(INPUT, ())):
        raise size_is_bound(images)
    fold_constants(graph)
    onnx.checker.check_model(graph, full_check=True)
    return graph


def check_opset(opset_version: int, dynamo: bool = False) -> None:
    """Refuse an opset that the exporter does not write.

    Args:
        opset_version (int): See :func:`export_onnx`.
        dynamo (bool): See there. Defaults to False.

    Raises:
        ValueError: If it does not.
    """
    if opset_version not in OPSETS[dynamo]:
        first, *_, last = OPSETS[dynamo]
        raise ValueError(
            f'onnx_config.opset_version is {opset_version}, but the exporter '
            f'{"of torch.export" if dynamo else "of TorchScript"} writes '
            f'{first} to {last} (onnx_config.dynamo chooses the exporter).'
        )


def size_is_bound(images: Tensor) -> RuntimeError:
    """Tell that a graph is only for images (B, 3, H, W) of their size."""
    height, width = images.shape[2:]
    return RuntimeError(
        "The model's graph is bound to the size of the image, here "
        f'{width}x{height}, though the deploy config leaves it free: take one '
        'of fixed size, configs/deploy/multilabel_onnxruntime_dynamic-448x448'
        f'.py or its fp16 or int8, with onnx_config.input_shape=({width}, '
        f'{height}).'
    )


def _export_torchscript(
    model: ExportableModel, images: Tensor, axes: dict, opset: int
) -> 'ModelProto':
    options = {}
    if _has_dynamo():
        options = dict(dynamo=False)
    file = io.BytesIO()
    torch.onnx.export(
        model,
        (images,),
        file,
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_axes=axes,
        opset_version=opset,
        **options,
    )
    return require('onnx').load_from_string(file.getvalue())


def _export_dynamo(
    model: ExportableModel, images: Tensor, axes: dict, opset: int
) -> 'ModelProto':
    if not _has_dynamo():
        raise RuntimeError(
            f'PyTorch {torch.__version__} has no exporter by torch.export: '
            'set onnx_config.dynamo to False and opset_version to 17.'
        )
    require('onnxscript')
    # Warns of each Split that it leaves: these are folded here.
    logging.getLogger('onnxscript.optimizer').setLevel(logging.ERROR)
    sizes = {
        axis: torch.export.Dim(name)
        for axis, name in axes.get(INPUT, {}).items()
    }
    program = torch.onnx.export(
        model,
        (images,),
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_shapes=(sizes,),
        opset_version=opset,
        dynamo=True,
        verbose=False,
    )
    return program.model_proto


def _has_dynamo() -> bool:
    parameters = inspect.signature(torch.onnx.export).parameters
    return 'dynamo' in parameters
