"""What MMDeploy's tools/deploy.py and test.py do, which it does not ship."""

import os
import tempfile
from pathlib import Path

from mmdeploy.apis import (
    build_task_processor,
    create_calib_input_data,
    torch2onnx,
)
from mmdeploy.apis.utils import to_backend
from mmdeploy.backend.sdk.export_info import export2SDK
from mmdeploy.utils import get_backend, get_calib_filename, get_ir_config
from mmengine.config import Config


def convert(
    deploy_cfg: Config,
    model_cfg: Config,
    checkpoint: str | os.PathLike,
    image: str | os.PathLike,
    work_dir: str | os.PathLike,
    device: str = 'cpu',
    dump_info: bool = False,
) -> list[Path]:
    """Convert a model by MMDeploy.

    Files appear in the working folder when all of them are made.

    Args:
        deploy_cfg (Config): See ``configs/deploy``.
        model_cfg (Config): Of the model.
        checkpoint (str | PathLike): Of the model.
        image (str | PathLike): An image to trace the model with.
        work_dir (str | PathLike): Folder for the files.
        device (str): TensorRT needs a GPU. Defaults to ``'cpu'``.
        dump_info (bool): Whether to write what MMDeploy's SDK reads,
            ``deploy.json``, ``pipeline.json`` and ``detail.json``. Defaults
            to False.

    Returns:
        list[Path]: Files of the backend.

    Raises:
        ValueError: If the checkpoint does not fit, the size of the images
            is wrong, or the device is not one of the backend's.
    """
    target = Path(work_dir)
    target.mkdir(parents=True, exist_ok=True)
    checkpoint, image = os.fspath(checkpoint), os.fspath(image)
    onnx_file = get_ir_config(deploy_cfg)['save_file']
    with tempfile.TemporaryDirectory(dir=target, prefix='.part-') as part:
        if dump_info:
            export2SDK(deploy_cfg, model_cfg, part, checkpoint, device)
        torch2onnx(
            *(image, part, onnx_file, deploy_cfg, model_cfg, checkpoint),
            device,
        )
        calibration = get_calib_filename(deploy_cfg)
        if calibration is not None:
            create_calib_input_data(
                os.path.join(part, calibration),
                *(deploy_cfg, model_cfg, checkpoint),
                device=device,
            )
        files = to_backend(
            get_backend(deploy_cfg).value,
            [os.path.join(part, onnx_file)],
            work_dir=part,
            deploy_cfg=deploy_cfg,
            device=device,
        )
        for path in Path(part).iterdir():
            os.replace(path, target / path.name)
    return [target / Path(file).name for file in files]


def evaluate(
    deploy_cfg: Config,
    model_cfg: Config,
    files: list[Path],
    work_dir: str | os.PathLike,
    device: str = 'cpu',
) -> dict[str, float]:
    """Measure what :func:`convert` made by MMDeploy's own test runner.

    Args:
        deploy_cfg (Config): As for :func:`convert`.
        model_cfg (Config): With ``test_dataloader`` and ``test_evaluator``.
        files (list[Path]): What it returned.
        work_dir (str | PathLike): Folder for the logs.
        device (str): Defaults to ``'cpu'``.

    Returns:
        dict[str, float]: The measures of the test evaluator.
    """
    task = build_task_processor(model_cfg, deploy_cfg, device)
    model = task.build_backend_model([os.fspath(file) for file in files])
    return task.build_test_runner(model, os.fspath(work_dir)).test()
