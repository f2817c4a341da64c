"""Train a model."""

import argparse

from _config import (
    LOADERS,
    add_arguments,
    build_runner,
    check_checkpoint,
    finish_config,
    load_config,
)
from mmengine.config import Config

import mmsrdl  # noqa: F401  registers what configs name


def parse_args() -> tuple[argparse.Namespace, Config]:
    """Return the arguments and the config that they ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='continue from this checkpoint; without a path from the last '
        'one in the working folder, if there is one',
    )
    parser.add_argument(
        '--amp', action='store_true', help='train in mixed precision'
    )
    parser.add_argument(
        '--no-validate',
        action='store_true',
        help='do not evaluate during training',
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by the actual total batch size over '
        "the config's auto_scale_lr.base_batch_size",
    )
    parser.add_argument(
        '--no-persistent-workers',
        action='store_true',
        help='start the workers of data loaders anew for every epoch, '
        'whatever the config says',
    )
    args = parser.parse_args()
    if args.resume not in (None, 'auto'):
        check_checkpoint(parser, args.resume)
    cfg = load_config(parser, args)
    if args.auto_scale_lr:
        if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
            parser.error(
                '--auto-scale-lr: the config lacks auto_scale_lr='
                'dict(base_batch_size=...), the total batch size that its '
                'learning rate is meant for'
            )
        cfg.auto_scale_lr.enable = True
    return args, cfg


def merge_args(cfg: Config, args: argparse.Namespace) -> None:
    """Let the arguments change the config."""
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.resume is not None:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume
    if args.no_persistent_workers:
        for name in LOADERS:
            if cfg.get(name) is not None:
                cfg[name].persistent_workers = False
    finish_config(cfg, args)


def main() -> None:
    """Train."""
    args, cfg = parse_args()
    merge_args(cfg, args)
    build_runner(cfg).train()


if __name__ == '__main__':
    main()
