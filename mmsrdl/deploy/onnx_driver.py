"""From a checkpoint to an ONNX file, without MMDeploy."""

import os
import tempfile
from pathlib import Path

import torch
import torch.nn.functional as F
from mmengine.config import Config
from torch import Tensor

from .calibration import load_calibration_images
from .deploy_options import DeployOptions
from .deployable_models import load_deployable, load_image
from .exportable_model import ENGINE_SUFFIX, FILE_NAME, ExportableModel
from .half_precision import to_half
from .model_metadata import write_metadata
from .onnx_export import export_onnx, size_is_bound
from .onnx_files import write_whole
from .onnx_precision import quantize
from .onnxruntime_session import OnnxRuntimeSession

LARGEST_DIFFERENCE = 1e-4
"""Of a probability, between PyTorch and a float32 graph."""

MORE = (32, 64)
"""Pixels that are added to height and width to test whether they are free."""


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
        difference of a probability. Nothing is written if scores are no
        numbers, or in float32 differ by more than rounding, at a second size
        as well if sizes are free; otherwise an engine of the graph before
        goes.

    Raises:
        FileNotFoundError: If there is no such checkpoint or image.
        RuntimeError: If a package is missing, or the scores are wrong.
        TypeError: If the model has no multi-label head.
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
    if options.precision != 'fp32':
        # Rounding must not hide a wrong graph.
        with tempfile.TemporaryDirectory() as folder:
            exact = Path(folder, FILE_NAME)
            exact.write_bytes(graph.SerializeToString())
            compare_with_pytorch(exportable, images, exact)
    if options.precision == 'fp16':
        graph = to_half(graph, options.keep_io_types)
    elif options.precision == 'int8':
        batches = load_calibration_images(
            model_cfg, model.data_preprocessor, options.calibration_images
        )
        graph = quantize(graph, batches, options.backend == 'tensorrt')
    write_metadata(graph, metadata)
    path = Path(work_dir, FILE_NAME)
    with write_whole(path) as part:
        part.write_bytes(graph.SerializeToString())
        difference = compare_with_pytorch(
            exportable, images, part, options.precision
        )
        path.with_suffix(ENGINE_SUFFIX).unlink(missing_ok=True)
    return path, difference


@torch.no_grad()
def compare_with_pytorch(
    model: ExportableModel,
    images: Tensor,
    onnx_file: str | os.PathLike,
    precision: str = 'fp32',
) -> float:
    """Compare an exported file with its model.

    A graph that takes any number of images is asked about one and three; one
    in float32 that takes any height or width also about larger images.

    Args:
        model (ExportableModel): The model.
        images (Tensor): What it takes, (B, 3, H, W) float.
        onnx_file (str | PathLike): What was made of it.
        precision (str): Of the file. Defaults to ``'fp32'``.

    Returns:
        float: The largest difference of a probability.

    Raises:
        RuntimeError: If scores are no numbers, or in float32 differ by more
            than rounding, or if the size is not as free as the graph says.
    """
    session = OnnxRuntimeSession(onnx_file)
    difference = _compare(model, images, session, precision)
    if precision != 'fp32' or None not in session.input_shape[2:]:
        return difference
    larger = [
        fixed or size + more
        for fixed, size, more in zip(
            session.input_shape[2:], images.shape[2:], MORE, strict=True
        )
    ]
    try:
        other = _compare(
            model, F.interpolate(images, larger), session, precision
        )
    except Exception:  # of a runtime, or of any layer
        raise size_is_bound(images) from None
    return max(difference, other)


def _compare(
    model: ExportableModel,
    images: Tensor,
    session: OnnxRuntimeSession,
    precision: str,
) -> float:
    """Largest difference of a probability; see `compare_with_pytorch`."""
    if session.input_shape[0] is None:
        images = torch.cat((images, images.flip(2), images.flip(3)))
    expected = model(images)
    if not expected.isfinite().all():
        raise RuntimeError(
            'PyTorch scores the image by NaN: are the weights of the '
            'checkpoint numbers? Its training may have diverged.'
        )
    scores = session(images)
    if session.input_shape[0] is None:
        scores = torch.cat((session(images[:1]), scores[1:]))
    if not scores.isfinite().all():
        raise RuntimeError(
            f'The exported graph scores the image by NaN in {precision}: '
            'export it in another precision.'
        )
    difference = (scores - expected).abs().max().item()
    if precision == 'fp32' and difference > LARGEST_DIFFERENCE:
        raise RuntimeError(
            'The exported graph scores the image otherwise than PyTorch, by '
            f'up to {difference:.1e}. Does the model compute with sizes that '
            'are free in the graph? Then take a static deploy config.'
        )
    return difference
