"""Random state that depends on the epoch, not on the way to it."""

import functools
import logging
import random

import numpy as np
import torch
from mmengine.dataset import worker_init_fn
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch.utils.data import DataLoader


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seeds each epoch from the run's seed, the epoch and the rank.

    A run that is resumed after an epoch then draws what the uninterrupted one
    would have drawn, in the main process and in the data-loader workers:
    PyTorch seeds the workers of an epoch from a number that it draws when the
    epoch starts. MMEngine's own ``worker_init_fn`` would put a seed of the
    run in its place, and so repeat the same augmentations in every epoch;
    the hook takes it out. A ``worker_init_fn`` of a config stays.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Let the workers depend on the epoch."""
        loader = runner.train_dataloader
        if not isinstance(loader, DataLoader):
            return
        if _is_mmengine_default(loader.worker_init_fn):
            loader.worker_init_fn = None
        if loader.persistent_workers:
            print_log(
                'persistent_workers=True: the workers keep their random '
                'state from epoch to epoch, so that a resumed run will '
                'differ from an uninterrupted one.',
                logger='current',
                level=logging.WARNING,
            )

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed Python, NumPy and PyTorch, on all devices."""
        sequence = np.random.SeedSequence(
            [runner.seed, runner.epoch, get_rank()]
        )
        seed = int(sequence.generate_state(1)[0])
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)


def _is_mmengine_default(function: object) -> bool:
    return (
        isinstance(function, functools.partial)
        and function.func is worker_init_fn
    )
