"""Export a trained model to a file that runs without PyTorch.

Writes WORK_DIR/end2end.onnx, and for TensorRT end2end.engine as well; the
file replaces config and checkpoint in tools/predict.py --model. MMDeploy does
the work where it is installed and able to, otherwise this package alone; both
make the same graph.
"""

import argparse
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from _config import check_checkpoint, finish_config
from mmengine.config import Config, DictAction
from mmengine.runner import Runner

from mmsrdl.checkpoint import UnsafeCheckpointError
from mmsrdl.deploy import (
    DeployOptions,
    TensorRTBuilder,
    deploy_onnx,
    use_backend_model,
    write_serving_repository,
)

ERRORS = (
    OSError, RuntimeError, TypeError, ValueError, KeyError, ImportError,
    UnsafeCheckpointError,
)  # fmt: skip


def parse_args() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Example: deploy.py '
        'configs/deploy/multilabel_onnxruntime_dynamic-448x448.py CONFIG.py '
        'EPOCH_20.pth photo.jpg --work-dir deployed --test',
    )
    parser.add_argument('deploy_cfg', help='config in configs/deploy')
    parser.add_argument('model_cfg', help='path of the config')
    parser.add_argument('checkpoint', help='path or address of a checkpoint')
    parser.add_argument(
        'img', help='image on which the file is compared with PyTorch'
    )
    parser.add_argument(
        '--work-dir', default='.', help='folder of the files; . by default'
    )
    parser.add_argument(
        '--device',
        default='cpu',
        help='where the file is to run; TensorRT needs cuda; cpu by default',
    )
    parser.add_argument(
        '--driver',
        choices=('mmdeploy', 'mmsrdl'),
        help='who does the work; by default MMDeploy where it is installed '
        'and knows what the deploy config asks for',
    )
    parser.add_argument(
        '--dump-info',
        action='store_true',
        help="also write what MMDeploy's SDK reads: needs MMDeploy",
    )
    parser.add_argument(
        '--test',
        action='store_true',
        help="measure the file on the config's test data",
    )
    parser.add_argument(
        '--triton-repo',
        metavar='DIR',
        help='also put the file into a model repository of NVIDIA Triton '
        'Inference Server, by the name of the config',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings that replace those of the config, as key=value',
    )
    parser.set_defaults(no_pin_memory=True)  # batches go to another runtime
    args = parser.parse_args()
    for path in (args.deploy_cfg, args.model_cfg):
        if not Path(path).is_file():
            parser.error(f'there is no config {path}')
    check_checkpoint(parser, args.checkpoint)
    if not Path(args.img).is_file():
        parser.error(f'there is no image {args.img}')
    if args.driver == 'mmdeploy' and not find_spec('mmdeploy'):
        parser.error(
            '--driver mmdeploy: it is not installed; '
            'pip install --no-deps -r requirements/mmdeploy.txt'
        )
    return args


def load_config(path: str) -> Config:
    """Load a config."""
    try:
        return Config.fromfile(path)
    except Exception as error:  # whatever its lines raise
        raise ValueError(f'{path} is no valid config: {error}') from None


def choose_driver(args: argparse.Namespace, options: DeployOptions) -> str:
    """Return who is to do the work, ``'mmdeploy'`` or ``'mmsrdl'``."""
    if args.driver == 'mmsrdl':
        return args.driver
    is_known = not options.dynamo and (
        options.precision != 'int8'
        if options.backend == 'onnxruntime'
        else _has_old_tensorrt()
    )
    if args.driver == 'mmdeploy' and not is_known:
        raise ValueError(
            '--driver mmdeploy: MMDeploy does not know 8 bits in ONNX '
            'Runtime, the exporter of torch.export, or TensorRT after 8.'
        )
    return 'mmdeploy' if find_spec('mmdeploy') and is_known else 'mmsrdl'


def _has_old_tensorrt() -> bool:
    """Whether TensorRT is the one that MMDeploy knows."""
    try:
        return version('tensorrt').startswith('8.')
    except PackageNotFoundError:
        return False


def deploy_by_mmdeploy(
    args: argparse.Namespace, deploy_cfg: Config, model_cfg: Config
) -> Path:
    """Convert, and measure if asked to, by MMDeploy."""
    from mmsrdl.deploy import mmdeploy_flow

    path, difference = mmdeploy_flow.convert(
        deploy_cfg, model_cfg, args.checkpoint, args.img, args.work_dir,
        args.device, args.dump_info,
    )  # fmt: skip
    print_difference(difference)
    if args.test:
        print_measures(
            mmdeploy_flow.evaluate(
                deploy_cfg, model_cfg, path, args.work_dir, args.device
            )
        )
    return path


def deploy_alone(
    args: argparse.Namespace, deploy_cfg: Config, model_cfg: Config
) -> Path:
    """Export, build if asked to, and measure, without MMDeploy."""
    path, difference = deploy_onnx(
        deploy_cfg, model_cfg, args.checkpoint, args.img, args.work_dir
    )
    print_difference(difference)
    if DeployOptions.from_config(deploy_cfg).backend == 'tensorrt':
        builder = TensorRTBuilder.from_config(deploy_cfg, path)
        print(f'Wrote {path}')
        print(f'Building what this makes: {builder.format_trtexec()}')
        builder.build()
        path = builder.engine_file
    if args.test:
        use_backend_model(model_cfg, path)
        model_cfg.model.device = args.device
        model_cfg.work_dir = args.work_dir
        print_measures(Runner.from_cfg(model_cfg).test())
    return path


def check_gpu(device: str) -> None:
    """Refuse to test an engine where none runs."""
    if not device.startswith('cuda'):
        raise ValueError(f'TensorRT runs on --device cuda, not on {device}.')


def print_difference(difference: float) -> None:
    """Print how far the file is from PyTorch."""
    print(f'Largest difference of a probability to PyTorch: {difference:.1e}')


def print_measures(measures: dict[str, float]) -> None:
    """Print what the test evaluator measured of the file."""
    for name, value in measures.items():
        print(f'{name}: {value:.2f}')


def main() -> None:
    """Deploy."""
    args = parse_args()
    try:
        deploy_cfg = load_config(args.deploy_cfg)
        model_cfg = load_config(args.model_cfg)
        finish_config(model_cfg, args)
        options = DeployOptions.from_config(deploy_cfg)
        driver = choose_driver(args, options)
        if options.backend == 'tensorrt' and args.test:
            check_gpu(args.device)
        if args.dump_info and driver != 'mmdeploy':
            raise ValueError('--dump-info needs MMDeploy to do the work.')
        deploy = deploy_alone if driver == 'mmsrdl' else deploy_by_mmdeploy
        path = deploy(args, deploy_cfg, model_cfg)
        print(f'Wrote {path}')
        if args.triton_repo is not None:
            name = Path(args.model_cfg).stem
            folder = write_serving_repository(
                path, args.triton_repo, name, options.max_batch_size
            )
            print(f'Wrote {folder}')
    except ERRORS as error:
        sys.exit(f'error: {error}')


if __name__ == '__main__':
    main()
