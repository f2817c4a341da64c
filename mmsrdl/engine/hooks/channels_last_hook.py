"""Channels-last convolutions."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Keeps the weights of convolutions in channels-last memory.

    Convolutions then yield channels-last feature maps, which tensor cores
    and the category attention prefer; results stay the same. Under DDP,
    which is built before, PyTorch warns that it copies gradients into buckets
    of another order.
    """

    def before_train(self, runner: Runner) -> None:
        """Convert the model in place; not before its weights are drawn.

        Drawn into another order of memory they would be other weights.
        """
        runner.model.to(memory_format=torch.channels_last)

    before_val = before_test = before_train
