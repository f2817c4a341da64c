"""Targets of a batch, and a loss over those that are known."""

from collections.abc import Sequence

import torch
from mmpretrain.structures import DataSample
from torch import Tensor, nn


def stack_targets(data_samples: Sequence[DataSample], like: Tensor) -> Tensor:
    """Stack the targets of a batch.

    Args:
        data_samples (Sequence[DataSample]): B samples, all with ``gt_score``
            (C,), or all with ``gt_label``, the indices of the positives.
        like (Tensor): (B, C); gives the device and the number of classes.

    Returns:
        Tensor: Targets in [0, 1], -1 where unknown, (B, C) float32.
    """
    if 'gt_score' in data_samples[0]:
        scores = [sample.gt_score for sample in data_samples]
        return torch.stack(scores).to(like.device, torch.float32)
    labels = [sample.gt_label for sample in data_samples]
    image = torch.repeat_interleave(
        torch.arange(len(labels)), torch.tensor([len(x) for x in labels])
    )
    target = torch.zeros(like.shape, device=like.device)
    target[image.to(like.device), torch.cat(labels).to(like.device)] = 1
    return target


def masked_mean(
    loss_module: nn.Module, logits: Tensor, target: Tensor, **kwargs
) -> Tensor:
    """Mean loss over the known entries, in float32 at least.

    Args:
        loss_module (nn.Module): Element-wise under
            ``reduction_override='none'``, as MMPretrain's losses are.
        logits (Tensor): (B, C).
        target (Tensor): (B, C), -1 where unknown.
        **kwargs: For the loss module.

    Returns:
        Tensor: Scalar; 0, with a graph, if nothing is known.
    """
    known = target >= 0
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    loss = loss_module(
        logits,
        target.clamp(min=0).to(logits.dtype),
        reduction_override='none',
        **kwargs,
    )
    return (loss * known).sum() / known.sum().clamp(min=1)
