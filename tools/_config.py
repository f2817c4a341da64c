"""What the command lines of train.py and test.py share."""

import argparse
import os
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that both tools have."""
    parser.add_argument('config', help='path of the config')
    parser.add_argument(
        '--work-dir',
        help='folder of logs, checkpoints and results; '
        'work_dirs/NAME_OF_CONFIG by default',
    )
    parser.add_argument(
        '--no-pin-memory',
        action='store_true',
        help='do not pin the memory of the batches',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings that replace those of the config, as key=value; '
        'lists as key=a,b or key="[a,b]", without white space',
    )
    parser.add_argument(
        '--launcher',
        choices=('none', 'pytorch', 'slurm', 'mpi'),
        default='none',
        help='how the processes were started',
    )
    parser.add_argument(
        '--local_rank',
        '--local-rank',
        type=int,
        default=0,
        help='set by some launchers',
    )


def load_config(
    parser: argparse.ArgumentParser, args: argparse.Namespace
) -> Config:
    """Load the config; set its launcher and its working folder."""
    if not os.path.isfile(args.config):
        parser.error(f'there is no config {args.config}')
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = Config.fromfile(args.config)
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = os.path.join('work_dirs', Path(args.config).stem)
    return cfg


def check_checkpoint(parser: argparse.ArgumentParser, path: str) -> None:
    """Refuse a local path at which there is no file."""
    if '://' not in path and not os.path.isfile(os.path.expanduser(path)):
        parser.error(f'there is no checkpoint {path}')


def finish_config(cfg: Config, args: argparse.Namespace) -> None:
    """Set what data loaders lack, then what the user asks for."""
    for name in LOADERS:
        loader = cfg.get(name)
        if loader is not None:
            loader.setdefault('pin_memory', True)
            loader.setdefault('collate_fn', dict(type='default_collate'))
            if args.no_pin_memory:
                loader.pin_memory = False
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    for name in LOADERS:
        loader = cfg.get(name)
        # PyTorch refuses to keep workers where there are none.
        if loader is not None and loader.get('num_workers', 0) == 0:
            loader.persistent_workers = False


def build_runner(cfg: Config) -> Runner:
    """Build the runner that the config asks for."""
    if 'runner_type' in cfg:
        return RUNNERS.build(cfg)
    return Runner.from_cfg(cfg)
