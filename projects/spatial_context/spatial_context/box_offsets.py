"""Boxes relative to anchors: the four coordinates t of the regression."""

import math

import torch
from torch import Tensor
from torchvision.ops import box_convert

LARGEST = math.log(1000 / 16)
"""No box is decoded to more than this, by its logarithm, times its anchor."""


def encode_boxes(boxes: Tensor, anchors: Tensor) -> Tensor:
    """Offsets t = ((x - x_a) / w_a, (y - y_a) / h_a, ln w / w_a, ln h / h_a).

    Args:
        boxes (Tensor): x1, y1, x2, y2, (..., 4); x, y is their centre. An
            empty side counts as the least that is not.
        anchors (Tensor): Likewise, (..., 4), none of them empty.

    Returns:
        Tensor: (..., 4).
    """
    center, size = box_convert(boxes, 'xyxy', 'cxcywh').split(2, -1)
    anchor_center, anchor = box_convert(anchors, 'xyxy', 'cxcywh').split(2, -1)
    size = size.clamp(min=torch.finfo(size.dtype).eps)
    return torch.cat(
        [(center - anchor_center) / anchor, (size / anchor).log()], -1
    )


def decode_boxes(offsets: Tensor, anchors: Tensor) -> Tensor:
    """The boxes that offsets stand for, within the image.

    Args:
        offsets (Tensor): As :func:`encode_boxes` returns, (..., 4).
        anchors (Tensor): x1, y1, x2, y2 in units of the image, (..., 4).

    Returns:
        Tensor: x1, y1, x2, y2 in [0, 1], (..., 4).
    """
    move, grow = offsets.split(2, -1)
    center, size = box_convert(anchors, 'xyxy', 'cxcywh').split(2, -1)
    boxes = torch.cat(
        [center + move * size, size * grow.clamp(max=LARGEST).exp()], -1
    )
    return box_convert(boxes, 'cxcywh', 'xyxy').clamp(0, 1)
