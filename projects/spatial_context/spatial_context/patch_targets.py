"""What location regressor and patch classifier learn from the boxes."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torchvision.ops import box_iou

from .box_offsets import encode_boxes
from .patch_generator import Candidates


def stack_boxes(
    data_samples: Sequence[DataSample], device: torch.device
) -> tuple[Tensor, Tensor]:
    """Stack the boxes of a batch.

    Args:
        data_samples (Sequence[DataSample]): B samples, each with
            ``gt_bboxes`` (M, 4) in pixels and ``gt_bboxes_difficult`` (M,),
            and ``img_shape``.
        device (torch.device): Where to.

    Returns:
        tuple[Tensor, Tensor]: x1, y1, x2, y2 in units of the image,
        (B, M', 4) float32, where empty boxes fill up to the largest M, at
        least 1; and whether a box is difficult, (B, M').

    Raises:
        ValueError: If a sample has no boxes.
    """
    boxes, difficult = [torch.zeros(1, 4)], [torch.zeros(1, dtype=torch.bool)]
    for sample in data_samples:
        if 'gt_bboxes' not in sample:
            raise ValueError(
                'SpatialContextHead is trained with the boxes of the objects, '
                'but a sample has no gt_bboxes: take VOCWithBoxes or '
                'CocoWithBoxes, LoadBoxes after LoadImageFromFile, and '
                "algorithm_keys=('gt_bboxes', 'gt_bboxes_difficult') of "
                'PackInputs.'
            )
        height, width = sample.img_shape[:2]
        size = torch.tensor([width, height, width, height])
        boxes.append(torch.as_tensor(sample.gt_bboxes).float() / size)
        difficult.append(torch.as_tensor(sample.gt_bboxes_difficult))
    boxes, difficult = (
        pad_sequence(each, batch_first=True)[1:].to(device)
        for each in (boxes, difficult)
    )
    return boxes, difficult


@torch.no_grad()
def match_anchors(
    anchors: Tensor, boxes: Tensor, negative_iou: float, positive_iou: float
) -> tuple[Tensor, Tensor]:
    """Find the object that each anchor is to find.

    An anchor is positive if it overlaps an object enough, or if none
    overlaps this object more; negative if it overlaps none enough.

    Args:
        anchors (Tensor): (A, 4).
        boxes (Tensor): (B, M, 4), of which empty ones match nothing.
        negative_iou (float): IoU below which an anchor is negative.
        positive_iou (float): IoU from which it is positive.

    Returns:
        tuple[Tensor, Tensor]: 1 positive, 0 negative, -1 neither, (B, A)
        int64; and the index of the box that overlaps most, (B, A) int64.
    """
    # (B, M, A); all images have the same anchors.
    iou = box_iou(boxes.flatten(0, 1), anchors).unflatten(0, boxes.shape[:2])
    overlap, index = iou.max(1)
    best = (iou == iou.amax(2, keepdim=True)) & (iou > 0)
    positive = (overlap >= positive_iou) | best.any(1)
    # An anchor that is the best of an object belongs to it.
    index = torch.where(best.any(1), (iou * best).argmax(1), index)
    neutral = (overlap >= negative_iou) & ~positive
    return positive.long() - neutral.long(), index


def patch_losses(
    candidates: Candidates,
    boxes: Tensor,
    difficult: Tensor,
    negative_iou: float,
    positive_iou: float,
) -> tuple[Tensor, Tensor]:
    """Losses of the location regressor and of the patch classifier.

    Location: the smooth L1 distances of the four offsets, summed; the mean
    over the positive anchors. Classifier: binary cross-entropy, the mean
    over the positive and that over the negative anchors, half each, as there
    are many times more negative ones.

    Args:
        candidates (Candidates): Of B images.
        boxes (Tensor): As of :func:`stack_boxes`, (B, M, 4).
        difficult (Tensor): (B, M) bool; anchors of these count for nothing.
        negative_iou (float): See :func:`match_anchors`.
        positive_iou (float): See there.

    Returns:
        tuple[Tensor, Tensor]: Two scalars; 0, with a graph, of no anchors.
    """
    anchors, offsets, logits = candidates
    label, index = match_anchors(anchors, boxes, negative_iou, positive_iou)
    label = label.masked_fill((label == 1) & difficult.gather(1, index), -1)
    positive = label == 1
    matched = boxes.gather(1, index[..., None].expand(-1, -1, 4))
    distance = F.smooth_l1_loss(
        offsets, encode_boxes(matched, anchors), reduction='none'
    ).sum(-1)
    entropy = F.binary_cross_entropy_with_logits(
        logits, positive.float(), reduction='none'
    )
    found, missed = _mean(entropy, positive), _mean(entropy, label == 0)
    return _mean(distance, positive), (found + missed) / 2


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum() / mask.sum().clamp(min=1)
