"""Test a model: measure it, save or draw its predictions.

A file that tools/deploy.py made can take the place of the checkpoint.
"""

import argparse
from pathlib import Path

import mmengine
from _config import (
    add_arguments,
    build_runner,
    check_checkpoint,
    finish_config,
    load_config,
)
from mmengine.config import Config

from mmsrdl.analysis import describe_test
from mmsrdl.apis.model_sources import is_exported
from mmsrdl.deploy import load_backend_model, use_backend_model
from mmsrdl.evaluation.metrics import DumpPredictions
from mmsrdl.models.tta import add_views


def parse_args() -> tuple[argparse.Namespace, Config]:
    """Return the arguments and the config that they ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument(
        'checkpoint',
        help='path or address of a checkpoint, or an exported file',
    )
    parser.add_argument('--out', help='file of the results')
    parser.add_argument(
        '--out-item',
        choices=('metrics', 'pred'),
        help='what to save by --out: the measures (.json, .yaml or .pkl), '
        'or the prediction for every image (.pkl), the default, which '
        'analysis_tools/ read',
    )
    parser.add_argument(
        '--amp', action='store_true', help='test in half precision'
    )
    parser.add_argument(
        '--show-dir', help='folder to which to draw the predictions'
    )
    parser.add_argument(
        '--show', action='store_true', help='draw them in a window'
    )
    parser.add_argument(
        '--interval', type=int, default=1, help='draw every so many images'
    )
    parser.add_argument(
        '--wait-time', type=float, default=2, help='seconds per window'
    )
    parser.add_argument(
        '--tta',
        action='store_true',
        help="average the scores over the views of the config's "
        'tta_pipeline, by default the image and its mirror image',
    )
    args = parser.parse_args()
    if args.out is None and args.out_item is not None:
        parser.error('--out-item needs --out')
    if args.out is not None:
        kinds = ['.pkl', '.pickle']
        if args.out_item == 'metrics':
            kinds += ['.json', '.yaml', '.yml']
        if Path(args.out).suffix not in kinds:
            parser.error(f'--out must end in one of {", ".join(kinds)}')
    check_checkpoint(parser, args.checkpoint)
    args.is_exported = is_exported(args.checkpoint)
    if args.is_exported:
        try:
            load_backend_model(args.checkpoint)
        except (OSError, RuntimeError, ValueError) as error:
            parser.error(str(error))
    cfg = load_config(parser, args)
    drawn = args.show or args.show_dir is not None
    if drawn and not cfg.get('default_hooks', {}).get('visualization'):
        parser.error(
            '--show and --show-dir: the config lacks default_hooks='
            "dict(visualization=dict(type='VisualizationHook'))"
        )
    return args, cfg


def merge_args(cfg: Config, args: argparse.Namespace) -> None:
    """Let the arguments change the config."""
    cfg.load_from = args.checkpoint
    if args.is_exported:
        use_backend_model(cfg, args.checkpoint)
    if args.amp:
        cfg.test_cfg.fp16 = True
    if args.show or args.show_dir is not None:
        cfg.default_hooks.visualization.update(
            enable=True,
            show=args.show,
            wait_time=args.wait_time,
            out_dir=args.show_dir,
            interval=args.interval,
        )
    if args.tta:
        add_views(cfg)
    finish_config(cfg, args)


def main() -> None:
    """Test."""
    args, cfg = parse_args()
    merge_args(cfg, args)
    runner = build_runner(cfg)
    if args.out is not None:
        Path(args.out).parent.mkdir(parents=True, exist_ok=True)
        if args.out_item != 'metrics':
            evaluator = runner.test_evaluator
            record = describe_test(cfg, evaluator.metrics, args.tta)
            record['checkpoint'] = args.checkpoint
            dump = DumpPredictions(args.out, record)
            # The others were told when the runner made the test loop.
            dump.dataset_meta = evaluator.dataset_meta
            evaluator.metrics.append(dump)
    metrics = runner.test()
    if args.out_item == 'metrics':
        mmengine.dump(metrics, args.out)


if __name__ == '__main__':
    main()
