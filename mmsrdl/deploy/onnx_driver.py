"""From a checkpoint to an ONNX file, without MMDeploy."""

import os
from pathlib import Path

import torch
from mmengine.config import Config
from torch import Tensor

from .calibration import load_calibration_images
from .deploy_options import DeployOptions
from .deployable_models import load_deployable, load_image
from .exportable_model import FILE_NAME, ExportableModel
from .model_metadata import write_metadata
from .onnx_export import export_onnx
from .onnx_files import write_whole
from .onnx_precision import quantize, to_half
from .onnxruntime_session import OnnxRuntimeSession

LARGEST_DIFFERENCE = 1e-4
"""Of a probability, between PyTorch and a float32 graph."""


def deploy_onnx(
    deploy_cfg: Config,
    model_cfg: Config,
    checkpoint: str | os.PathLike,
    image: str | os.PathLike,
    work_dir: str | os.PathLike,
) -> tuple[Path, float]:
    """Export a model, and compare it with PyTorch on an image.

    Args:
        deploy_cfg (Config): See ``configs/deploy``.
        model_cfg (Config): Of the model, with a test pipeline.
        checkpoint (str | PathLike): Of the model.
        image (str | PathLike): An image.
        work_dir (str | PathLike): Folder for the file.

    Returns:
        tuple[Path, float]: The file, ``end2end.onnx``, and the largest
        difference of a probability. A float32 file that differs by more than
        rounding is not written.

    Raises:
        FileNotFoundError: If there is no such checkpoint or image.
        RuntimeError: If a package is missing, or the scores differ.
        ValueError: If a config or the checkpoint does not fit.
    """
    options = DeployOptions.from_config(deploy_cfg)
    model, metadata = load_deployable(model_cfg, checkpoint)
    images = load_image(model, image)
    options.check_size(*images.shape[2:])
    exportable = ExportableModel(model)
    graph = export_onnx(
        exportable,
        images,
        options.dynamic_axes,
        options.opset_version,
        options.dynamo,
    )
    if options.precision == 'fp16':
        graph = to_half(graph)
    elif options.precision == 'int8':
        batches = load_calibration_images(
            model_cfg, model.data_preprocessor, options.calibration_images
        )
        graph = quantize(graph, batches, options.backend == 'tensorrt')
    write_metadata(graph, metadata)
    path = Path(work_dir, FILE_NAME)
    with write_whole(path) as part:
        part.write_bytes(graph.SerializeToString())
        difference = _measure_difference(exportable, images, part)
        is_exact = difference <= LARGEST_DIFFERENCE  # not so for NaN
        if options.precision == 'fp32' and not is_exact:
            raise RuntimeError(
                f'The exported graph scores {image} otherwise than PyTorch, '
                f'by up to {difference:.1e}.'
            )
    return path, difference


def compare_with_pytorch(
    model_cfg: Config,
    checkpoint: str | os.PathLike,
    image: str | os.PathLike,
    onnx_file: str | os.PathLike,
) -> float:
    """Compare an exported file with its checkpoint on an image.

    Args:
        model_cfg (Config): Of the model.
        checkpoint (str | PathLike): Of the model.
        image (str | PathLike): An image.
        onnx_file (str | PathLike): What was made of them.

    Returns:
        float: The largest difference of a probability.
    """
    model, _ = load_deployable(model_cfg, checkpoint)
    images = load_image(model, image)
    return _measure_difference(ExportableModel(model), images, onnx_file)


@torch.no_grad()
def _measure_difference(
    model: ExportableModel, images: Tensor, onnx_file: str | os.PathLike
) -> float:
    scores = OnnxRuntimeSession(onnx_file)(images)
    return (scores - model(images)).abs().max().item()
