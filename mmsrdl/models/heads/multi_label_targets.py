"""Targets of a batch, and a loss over those that are known."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample
from torch import Tensor, nn


def stack_targets(data_samples: Sequence[DataSample], like: Tensor) -> Tensor:
    """Stack the targets of a batch.

    Args:
        data_samples (Sequence[DataSample]): B samples, each with ``gt_score``
            (C,), or else ``gt_label``, the indices of the positives.
        like (Tensor): (B, C); gives the device and the number of classes.

    Returns:
        Tensor: Targets in [0, 1], -1 where unknown, (B, C) float32.

    Raises:
        ValueError: If a sample has neither, or an index is out of range.
    """

    def to_device(indices: list[int]) -> Tensor:
        # From pinned memory, as any other copy would wait for the GPU.
        host = torch.tensor(indices, pin_memory=like.is_cuda)
        return host.to(like.device, non_blocking=True)

    scores, labels, scored, owners = [], [], [], []
    for i, sample in enumerate(data_samples):
        if 'gt_score' in sample:
            scores.append(sample.gt_score)
            scored.append(i)
        elif 'gt_label' in sample:
            labels.append(sample.gt_label)
            owners += [i] * len(sample.gt_label)
        else:
            raise ValueError(
                f'A sample has neither gt_label nor gt_score: {sample}'
            )
    if len(scores) == len(data_samples):
        return torch.stack(scores).to(like.device, torch.float32)
    target = torch.zeros(like.shape, device=like.device)
    if scored:
        target[to_device(scored)] = torch.stack(scores).to(target)
    if not owners:
        return target
    labels = torch.cat(labels).to(like.device)
    try:
        positive = F.one_hot(labels, like.shape[1])
    except RuntimeError as error:
        raise ValueError(
            f'gt_label must hold class indices from 0 to {like.shape[1] - 1}, '
            f'but got {labels.min()} to {labels.max()}.'
        ) from error
    target.index_add_(0, to_device(owners), positive.to(target))
    return target.clamp_(max=1)


def masked_mean(
    loss_module: nn.Module, logits: Tensor, target: Tensor, **kwargs
) -> Tensor:
    """Mean loss over the known entries, in float32 at least.

    Args:
        loss_module (nn.Module): Element-wise under
            ``reduction_override='none'``, as MMPretrain's multi-label losses
            are: ``CrossEntropyLoss(use_sigmoid=True)``, ``AsymmetricLoss``,
            ``FocalLoss``, ``LabelSmoothLoss(mode='multi_label')``. Weights
            of classes or positives do not change what the mean divides by.
        logits (Tensor): (B, C); where the target is unknown of no effect,
            whatever they are.
        target (Tensor): (B, C), -1 where unknown.
        **kwargs: For the loss module.

    Returns:
        Tensor: Scalar; 0, with a graph, if nothing is known.

    Raises:
        ValueError: If the loss mixes classes, as a softmax does.
    """
    if getattr(loss_module, 'use_sigmoid', True) is False:
        raise ValueError(
            f'{type(loss_module).__name__} with use_sigmoid=False chooses one '
            'label of an image: for several give use_sigmoid=True.'
        )
    known = target >= 0
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    logits = logits.masked_fill(~known, 0)
    target = target.clamp(min=0).to(logits.dtype)
    if logits.shape[1] == 1:
        # MMPretrain's losses take one column for indices of classes.
        logits, target = logits.expand(-1, 2), target.expand(-1, 2)
    loss = loss_module(logits, target, reduction_override='none', **kwargs)
    if loss.shape != logits.shape:
        raise ValueError(
            f'{type(loss_module).__name__} must give one value for each image '
            f'and class, {tuple(logits.shape)}, but gave '
            f'{tuple(loss.shape)}: it is no multi-label loss.'
        )
    loss = loss[:, : known.shape[1]]
    return (loss * known).sum() / known.sum().clamp(min=1)
