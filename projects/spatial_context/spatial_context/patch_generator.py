"""Where the patches are: location regressor, patch classifier, generators."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn
from torchvision.ops import box_convert, nms

from .box_offsets import decode_boxes


class Candidates(NamedTuple):
    """What may become a patch: A boxes of each image.

    Attributes:
        anchors (Tensor): x1, y1, x2, y2 in units of the image, also beyond
            it, (A, 4) float32.
        offsets (Tensor): From the anchors to the boxes, see
            :func:`encode_boxes`, (B, A, 4) float32.
        logits (Tensor): Whether there is an object, (B, A) float32.
    """

    anchors: Tensor
    offsets: Tensor
    logits: Tensor


class PatchGenerator(BaseModule):
    """Finds the boxes of an image that are most likely those of objects.

    The same layers look at each position of each stage of the pyramid. All
    boxes are in units of the image, whatever its size.

    Args:
        in_channels (int): Channels D of the pyramid.
        sizes (Sequence[float]): Side of the anchors of each stage.
        ratios (Sequence[float]): Height over width of the anchors.
        num_patches (int): Patches N of an image.
        num_candidates (int): How many of the most confident boxes overlap is
            looked at.
        max_overlap (float): IoU beyond which the less confident of two boxes
            gives way.
    """

    def __init__(
        self,
        in_channels: int,
        sizes: Sequence[float],
        ratios: Sequence[float],
        num_patches: int,
        num_candidates: int,
        max_overlap: float,
    ) -> None:
        super().__init__(dict(type='Normal', layer='Conv2d', std=0.01))
        self.sizes, self.ratios = tuple(sizes), tuple(ratios)
        self.num_patches = num_patches
        self.num_candidates = num_candidates
        self.max_overlap = max_overlap
        count = len(self.ratios)
        self.shared = nn.Conv2d(in_channels, in_channels, 3, padding=1)
        self.location_regressor = nn.Conv2d(in_channels, 4 * count, 1)
        self.patch_classifier = nn.Conv2d(in_channels, count, 1)

    def forward(self, feats: tuple[Tensor, ...]) -> Candidates:
        """Look for objects at all positions.

        Args:
            feats (tuple[Tensor]): A map for each of ``sizes``,
                (B, D, h, w).

        Returns:
            Candidates: Of all stages, positions and ratios, in this order.

        Raises:
            ValueError: If there is not a map for each size.
        """
        if len(feats) != len(self.sizes):
            raise ValueError(
                f'There are {len(self.sizes)} anchor_sizes but {len(feats)} '
                'maps: give one for each stage of the pyramid.'
            )
        anchors, offsets, logits = [], [], []
        for feature, size in zip(feats, self.sizes, strict=True):
            hidden = F.relu(self.shared(feature))
            anchors.append(lay_anchors(feature, size, self.ratios))
            offsets.append(_by_position(self.location_regressor(hidden), 4))
            logits.append(_by_position(self.patch_classifier(hidden), 1))
        return Candidates(
            torch.cat(anchors),
            torch.cat(offsets, 1).float(),
            torch.cat(logits, 1).float()[..., 0],
        )

    @torch.no_grad()
    def generate(self, candidates: Candidates) -> Tensor:
        """Choose the tight patches: confident, and different.

        Should fewer than N boxes be left, the most confident of those that
        gave way come after them, so that the number of patches is fixed.

        Args:
            candidates (Candidates): What :meth:`forward` returns.

        Returns:
            Tensor: x1, y1, x2, y2 in [0, 1], the most confident first,
            (B, N, 4), or fewer if there are fewer anchors.
        """
        anchors, offsets, logits = candidates
        count = min(self.num_candidates, len(anchors))
        chosen = logits.topk(count).indices
        boxes = decode_boxes(_take(offsets, chosen), anchors[chosen])
        # Ranks, the most confident first, are exact where scores are not.
        rank = torch.arange(count, 0, -1, device=logits.device).to(logits)
        rank = rank.expand(chosen.shape).flatten()
        kept = nms(_lay_apart(boxes).flatten(0, 1), rank, self.max_overlap)
        first = torch.zeros_like(rank)
        first = first.scatter(0, kept, torch.ones_like(kept).to(first))
        order = (rank + count * first).view_as(chosen)
        best = order.topk(min(self.num_patches, count)).indices
        return _take(boxes, best)


def lay_anchors(
    feature: Tensor, size: float, ratios: Sequence[float]
) -> Tensor:
    """Boxes around the centre of each cell of a map.

    torchvision's generator would measure the cells in whole pixels, which
    shifts them where the map does not divide the image.

    Args:
        feature (Tensor): The map, (..., h, w).
        size (float): Square root of the area, in units of the image.
        ratios (Sequence[float]): R ratios of height to width.

    Returns:
        Tensor: x1, y1, x2, y2, row by row, (h w R, 4) float32.
    """
    height, width = map(int, feature.shape[-2:])
    y, x, ratio = torch.meshgrid(
        (torch.arange(height, device=feature.device) + 0.5) / height,
        (torch.arange(width, device=feature.device) + 0.5) / width,
        torch.tensor(ratios, device=feature.device),
        indexing='ij',
    )
    sides = size * ratio.rsqrt(), size * ratio.sqrt()
    boxes = torch.stack([x, y, *sides], -1).flatten(0, 2)
    return box_convert(boxes, 'cxcywh', 'xyxy')


def expand_patches(patches: Tensor, expansion: float) -> Tensor:
    """Make patches that show the surroundings as well.

    Args:
        patches (Tensor): x1, y1, x2, y2 in [0, 1], (..., 4).
        expansion (float): What width and height are multiplied by.

    Returns:
        Tensor: Boxes of the same centres, cut at the borders of the image,
        (..., 4).
    """
    center, size = box_convert(patches, 'xyxy', 'cxcywh').split(2, -1)
    boxes = torch.cat([center, size * expansion], -1)
    return box_convert(boxes, 'cxcywh', 'xyxy').clamp(0, 1)


def _lay_apart(boxes: Tensor) -> Tensor:
    """Move the boxes of each image, (B, A, 4), where no other image's are.

    torchvision's ``batched_nms`` does so too, but its branches cannot be
    exported. On a grid of 1 / 4096 nothing is rounded by the move, so that
    no overlap depends on the place of an image in the batch.
    """
    image = torch.arange(boxes.shape[0], device=boxes.device)
    return (boxes * 4096).round() / 4096 + 2 * image[:, None, None]


def _by_position(maps: Tensor, values: int) -> Tensor:
    """(B, R values, h, w) to (B, h w R, values)."""
    return maps.permute(0, 2, 3, 1).reshape(maps.shape[0], -1, values)


def _take(boxes: Tensor, index: Tensor) -> Tensor:
    """Those boxes of (B, A, 4) that are at (B, N)."""
    return boxes.gather(1, index[..., None].expand(-1, -1, 4))
