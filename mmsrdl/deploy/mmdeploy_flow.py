"""What MMDeploy's tools/deploy.py and test.py do, which it does not ship."""

import os
import tempfile
from pathlib import Path

from mmdeploy.apis import build_task_processor, torch2onnx
from mmdeploy.apis.utils import create_calib_input_data, to_backend
from mmdeploy.backend.sdk.export_info import export2SDK
from mmdeploy.utils import get_backend, get_calib_filename
from mmengine.config import Config

from .calibration import load_calibration_images
from .deploy_options import DeployOptions
from .deployable_models import load_deployable, load_image
from .exportable_model import ENGINE_SUFFIX, FILE_NAME, ExportableModel
from .half_precision import to_half
from .onnx_driver import compare_with_pytorch
from .onnx_export import check_opset
from .onnx_files import load_onnx


def convert(
    deploy_cfg: Config,
    model_cfg: Config,
    checkpoint: str | os.PathLike,
    image: str | os.PathLike,
    work_dir: str | os.PathLike,
    device: str = 'cpu',
    dump_info: bool = False,
) -> tuple[Path, float]:
    """Convert a model by MMDeploy, and compare it with PyTorch on an image.

    Files appear in the working folder when all of them are made, and not if
    scores are no numbers, or in float32 differ by more than rounding.

    Args:
        deploy_cfg (Config): See ``configs/deploy``.
        model_cfg (Config): Of the model.
        checkpoint (str | PathLike): Of the model.
        image (str | PathLike): An image.
        work_dir (str | PathLike): Folder for the files.
        device (str): TensorRT needs a GPU. Defaults to ``'cpu'``.
        dump_info (bool): Whether to write what MMDeploy's SDK reads,
            ``deploy.json``, ``pipeline.json`` and ``detail.json``. Defaults
            to False.

    Returns:
        tuple[Path, float]: The file that the backend runs, and the largest
        difference of a probability, of the graph.

    Raises:
        FileNotFoundError: If there is no such checkpoint or image.
        RuntimeError: If the scores are wrong.
        TypeError: If the model has no multi-label head.
        ValueError: If a config, the checkpoint or the device does not fit.
    """
    options = DeployOptions.from_config(deploy_cfg)
    check_opset(options.opset_version)
    model, _ = load_deployable(model_cfg, checkpoint)
    images = load_image(model, image)
    target = Path(work_dir)
    target.mkdir(parents=True, exist_ok=True)
    checkpoint, image = os.fspath(checkpoint), os.fspath(image)
    with tempfile.TemporaryDirectory(dir=target, prefix='.part-') as part:
        if dump_info:
            export2SDK(deploy_cfg, model_cfg, part, checkpoint, device)
        torch2onnx(
            *(image, part, FILE_NAME, deploy_cfg, model_cfg, checkpoint),
            device,
        )
        onnx_file = os.path.join(part, FILE_NAME)
        calibration = get_calib_filename(deploy_cfg)
        if calibration is not None:
            # Of its own accord MMDeploy takes all of the validation data.
            batches = load_calibration_images(
                model_cfg, model.data_preprocessor, options.calibration_images
            )
            create_calib_input_data(
                os.path.join(part, calibration), model, batches
            )
        exportable = ExportableModel(model)
        difference = compare_with_pytorch(exportable, images, onnx_file)
        file = onnx_file
        if options.backend == 'tensorrt':
            (file,) = to_backend(
                get_backend(deploy_cfg).value,
                [onnx_file],
                work_dir=part,
                deploy_cfg=deploy_cfg,
                device=device,
            )
        elif options.precision == 'fp16':
            # MMDeploy's own conversion fails for graphs with casts.
            graph = to_half(load_onnx(onnx_file), options.keep_io_types)
            Path(onnx_file).write_bytes(graph.SerializeToString())
            difference = compare_with_pytorch(
                exportable, images, onnx_file, options.precision
            )
        # It belongs to the graph that is about to be replaced.
        engine = target / Path(FILE_NAME).with_suffix(ENGINE_SUFFIX)
        engine.unlink(missing_ok=True)
        for path in Path(part).iterdir():
            os.replace(path, target / path.name)
    return target / Path(file).name, difference


def evaluate(
    deploy_cfg: Config,
    model_cfg: Config,
    file: Path,
    work_dir: str | os.PathLike,
    device: str = 'cpu',
) -> dict[str, float]:
    """Measure what :func:`convert` made by MMDeploy's own test runner.

    Args:
        deploy_cfg (Config): As for :func:`convert`.
        model_cfg (Config): With ``test_dataloader`` and ``test_evaluator``.
        file (Path): What it returned.
        work_dir (str | PathLike): Folder for the logs.
        device (str): Defaults to ``'cpu'``.

    Returns:
        dict[str, float]: The measures of the test evaluator.
    """
    task = build_task_processor(model_cfg, deploy_cfg, device)
    model = task.build_backend_model([os.fspath(file)])
    return task.build_test_runner(model, os.fspath(work_dir)).test()
