"""Losses that let scenes be found without labels of scenes."""

import math

import torch
from mmengine.dist import all_reduce
from torch import Tensor


def entropy(probabilities: Tensor) -> Tensor:
    """-Σ p log p over the last axis, 0 log 0 being 0."""
    return torch.special.entr(probabilities).sum(-1)


def image_entropy(scenes: Tensor) -> Tensor:
    """Mean entropy of images: least if each is surely of one scene.

    Args:
        scenes (Tensor): Probabilities of the scenes, (B, S).

    Returns:
        Tensor: Scalar in [0, log S].
    """
    return entropy(scenes).mean()


def batch_entropy_gap(scenes: Tensor) -> Tensor:
    """What the entropy of a batch lacks: least if all scenes are in use.

    The batch is that of all ranks; as gradients are averaged over ranks,
    each needs that of its own images only.

    Args:
        scenes (Tensor): Probabilities of the scenes, (B, S).

    Returns:
        Tensor: Scalar in [0, log S].
    """
    mean = scenes.mean(0)
    everywhere = mean.detach().clone()
    all_reduce(everywhere, 'mean')
    mean = mean + (everywhere - mean.detach())
    return math.log(scenes.shape[1]) - entropy(mean)
