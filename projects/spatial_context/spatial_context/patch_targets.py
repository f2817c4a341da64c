"""What location regressor and patch classifier learn from the boxes."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample
from torch import Tensor
from torchvision.ops import box_iou

from .box_offsets import encode_boxes
from .patch_generator import Candidates

KEYS = ('gt_bboxes', 'gt_bboxes_difficult')


class Objects(NamedTuple):
    """The objects of an image.

    Attributes:
        boxes (Tensor): x1, y1, x2, y2 in units of the image, (M, 4) float32;
            the last one is empty, so that there is one.
        difficult (Tensor): Which of them are difficult, (M,) bool.
    """

    boxes: Tensor
    difficult: Tensor


def list_objects(
    data_samples: Sequence[DataSample], device: torch.device
) -> list[Objects]:
    """Take the boxes out of a batch.

    Args:
        data_samples (Sequence[DataSample]): B samples, each with
            ``gt_bboxes`` (M, 4) in pixels and ``gt_bboxes_difficult`` (M,),
            and ``img_shape``.
        device (torch.device): Where to.

    Returns:
        list[Objects]: Those of each image.

    Raises:
        ValueError: If a sample has no boxes.
    """
    objects = []
    for sample in data_samples:
        missing = [key for key in KEYS if key not in sample]
        if missing:
            raise ValueError(
                'SpatialContextHead is trained with the boxes of the objects, '
                f'but a sample has no {" and no ".join(missing)}: take '
                'VOCWithBoxes or CocoWithBoxes, LoadBoxes after '
                f'LoadImageFromFile, and algorithm_keys={KEYS} of PackInputs.'
            )
        height, width = sample.img_shape[:2]
        size = torch.tensor([width, height, width, height])
        boxes = torch.as_tensor(sample.gt_bboxes).float() / size
        difficult = torch.as_tensor(sample.gt_bboxes_difficult)
        objects.append(
            Objects(
                F.pad(boxes, (0, 0, 0, 1)).to(device),
                F.pad(difficult, (0, 1)).to(device),
            )
        )
    return objects


@torch.no_grad()
def match_anchors(
    anchors: Tensor, boxes: Tensor, negative_iou: float, positive_iou: float
) -> tuple[Tensor, Tensor]:
    """Find the object of an image that each anchor is to find.

    An anchor is positive if it overlaps an object enough, or if none
    overlaps this object more; negative if it overlaps none enough.

    Args:
        anchors (Tensor): (A, 4).
        boxes (Tensor): (M, 4), at least one; empty ones match nothing.
        negative_iou (float): IoU below which an anchor is negative.
        positive_iou (float): IoU from which it is positive.

    Returns:
        tuple[Tensor, Tensor]: 1 positive, 0 negative, -1 neither, (A,)
        int64; and the index of the box that overlaps most, (A,) int64.
    """
    iou = box_iou(boxes, anchors)
    overlap, index = iou.max(0)
    best = (iou == iou.amax(1, keepdim=True)) & (iou > 0)
    positive = (overlap >= positive_iou) | best.any(0)
    # An anchor that is the best of an object belongs to it.
    index = torch.where(best.any(0), (iou * best).argmax(0), index)
    neutral = (overlap >= negative_iou) & ~positive
    return positive.long() - neutral.long(), index


def patch_losses(
    candidates: Candidates,
    objects: Sequence[Objects],
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
        objects (Sequence[Objects]): Those of each image; anchors of the
            difficult ones count for nothing.
        negative_iou (float): See :func:`match_anchors`.
        positive_iou (float): See there.

    Returns:
        tuple[Tensor, Tensor]: Two scalars; 0, with a graph, of no anchors.
    """
    anchors, offsets, logits = candidates
    labels, matched = [], []
    for boxes, difficult in objects:  # each on its own boxes, for memory
        label, index = match_anchors(
            anchors, boxes, negative_iou, positive_iou
        )
        ignored = (label == 1) & difficult[index]
        labels.append(label.masked_fill(ignored, -1))
        matched.append(boxes[index])
    labels, matched = torch.stack(labels), torch.stack(matched)
    positive = labels == 1
    distance = F.smooth_l1_loss(
        offsets, encode_boxes(matched, anchors), reduction='none'
    ).sum(-1)
    entropy = F.binary_cross_entropy_with_logits(
        logits, positive.float(), reduction='none'
    )
    found, missed = _mean(entropy, positive), _mean(entropy, labels == 0)
    return _mean(distance, positive), (found + missed) / 2


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum() / mask.sum().clamp(min=1)
