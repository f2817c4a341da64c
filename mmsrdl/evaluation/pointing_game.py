"""Does the map of a label point at an object of its class?

Two measures, for labels that an image shows:

- The pointing game (Zhang et al., "Top-Down Neural Attention by Excitation
  Backprop", IJCV 2018): a hit if the highest point of the map lies inside a
  box of the class. Here that is the centre of the highest cell.
- The energy in boxes (Wang et al., "Score-CAM", CVPR workshops 2020): the
  share of the map's mass that lies inside the boxes of the class.

A map that is the same everywhere has as much energy in the boxes as they have
area, and so many hits if its peak is anywhere by chance: the area is measured
beside them.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class LocalisedLabels(NamedTuple):
    """How the maps of N labels fit the boxes, an entry per image and class.

    Attributes:
        image (Tensor): Index of the image, (N,) int64.
        label (Tensor): Class index, (N,) int64.
        score (Tensor): Score of the label, (N,) float32 in [0, 1].
        hit (Tensor): Whether the peak is in a box, (N,) bool.
        energy (Tensor): Share of the map in the boxes, (N,) float64.
        area (Tensor): Share of the image in the boxes, (N,) float64.
    """

    image: Tensor
    label: Tensor
    score: Tensor
    hit: Tensor
    energy: Tensor
    area: Tensor

    def select(self, which: Tensor) -> 'LocalisedLabels':
        """Take entries, by a (N,) bool mask or indices."""
        return LocalisedLabels(*(column[which] for column in self))

    @classmethod
    def join(cls, parts: Sequence['LocalisedLabels']) -> 'LocalisedLabels':
        """Put the entries of several parts behind each other."""
        return cls(*map(torch.cat, zip(*parts, strict=True)))


def localise_labels(
    spatial: Tensor,
    scores: Tensor,
    boxes: Sequence[Mapping[int, Tensor]],
    images: Sequence[int],
) -> LocalisedLabels:
    """Measure how well the maps of the labels of images fit their boxes.

    Args:
        spatial (Tensor): ``(B, C, h, w)``, one map per image and class.
        scores (Tensor): ``(B, C)`` in [0, 1].
        boxes (Sequence[Mapping[int, Tensor]]): For each image, the classes
            to look at with their boxes ``(M, 4)`` as in :func:`peak_in_box`.
        images (Sequence[int]): B indices of the images.

    Returns:
        LocalisedLabels: An entry per class and image of ``boxes``, on the
        CPU.
    """
    pairs = [
        (row, label) for row, shown in enumerate(boxes) for label in shown
    ]
    rows, labels = torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).T
    maps = spatial[rows, labels].cpu()
    groups = [boxes[row][label].cpu() for row, label in pairs]
    return LocalisedLabels(
        torch.tensor(images, dtype=torch.long)[rows],
        labels,
        scores[rows, labels].float().cpu(),
        peak_in_box(maps, groups),
        energy_in_boxes(maps, groups),
        energy_in_boxes(torch.ones(len(maps), 1, 1), groups),
    )


def peak_in_box(spatial: Tensor, boxes: Sequence[Tensor]) -> Tensor:
    """Whether the highest cell of each map has its centre inside a box.

    Args:
        spatial (Tensor): ``(N, h, w)`` maps. The first cell in row-major
            order wins among equal ones.
        boxes (Sequence[Tensor]): N tensors ``(M_i, 4)`` of x1, y1, x2, y2 as
            shares of the image width and height, in [0, 1]; borders count as
            inside.

    Returns:
        Tensor: ``(N,)`` bool, on the device of ``spatial``; False for a map
        without boxes.

    Raises:
        ValueError: If there is not one set of boxes per map.
    """
    _check_boxes(spatial, boxes)
    num_maps, height, width = spatial.shape
    device = spatial.device
    # Not argmax: which of several maxima it returns is left open.
    cells = spatial.flatten(1)
    position = torch.arange(height * width, device=device)
    is_peak = cells == cells.amax(1, keepdim=True)
    peak = position.expand_as(cells).masked_fill(~is_peak, height * width)
    peak = peak.amin(1)
    x = (peak % width + 0.5) / width
    y = (peak // width + 0.5) / height

    sizes = torch.tensor([len(group) for group in boxes], dtype=torch.long)
    owner = torch.arange(num_maps).repeat_interleave(sizes).to(device)
    corners = [group.to(device).reshape(-1, 4) for group in boxes]
    corners = torch.cat([torch.empty(0, 4, device=device), *corners])
    x1, y1, x2, y2 = corners.unbind(1)
    x, y = x[owner], y[owner]
    inside = (x1 <= x) & (x <= x2) & (y1 <= y) & (y <= y2)
    hits = torch.zeros(num_maps, dtype=torch.long, device=device)
    return hits.index_add(0, owner, inside.long()) > 0


def energy_in_boxes(spatial: Tensor, boxes: Sequence[Tensor]) -> Tensor:
    """Share of the mass of each map inside the union of its boxes.

    A cell that boxes cover in part counts in part, exactly. What is negative
    in a map has no mass.

    Args:
        spatial (Tensor): ``(N, h, w)`` maps.
        boxes (Sequence[Tensor]): As for :func:`peak_in_box`.

    Returns:
        Tensor: ``(N,)`` float64 in [0, 1], on the device of ``spatial``; 0
        for a map without boxes or without mass.

    Raises:
        ValueError: If there is not one set of boxes per map.
    """
    _check_boxes(spatial, boxes)
    mass = spatial.double().clamp(min=0)
    shares = [_covered(group.double(), *mass.shape[1:]) for group in boxes]
    covered = torch.stack(shares).to(mass) if shares else mass
    total = mass.sum((1, 2))
    inside = (mass * covered).sum((1, 2))
    return torch.where(total > 0, inside / total.clamp(min=1e-300), 0)


def _check_boxes(spatial: Tensor, boxes: Sequence[Tensor]) -> None:
    if len(boxes) != len(spatial):
        raise ValueError(
            f'{len(spatial)} maps need as many sets, not {len(boxes)}.'
        )


def _covered(boxes: Tensor, height: int, width: int) -> Tensor:
    """Share of each of h x w cells that a union of boxes covers."""
    boxes = boxes.cpu().reshape(-1, 4)
    inside_x, size_x, cell_x = _cut(boxes[:, 0::2], width)
    inside_y, size_y, cell_y = _cut(boxes[:, 1::2], height)
    inside = (inside_y[:, :, None] & inside_x[:, None]).any(0)
    area = inside * size_y[:, None] * size_x
    covered = boxes.new_zeros(height, width)
    covered.index_put_((cell_y[:, None], cell_x), area, accumulate=True)
    return covered


def _cut(spans: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Cut an axis of ``count`` cells also where spans (M, 2) begin and end.

    Returns:
        tuple[Tensor, Tensor, Tensor]: For the K pieces, whether they lie in
        each of the spans, (M, K); their size in cells; and their cell.
    """
    ends = (spans.reshape(-1) * count).clamp(0, count)
    cells = torch.arange(count + 1, dtype=ends.dtype)
    cuts = torch.cat([cells, ends]).unique()
    middle = (cuts[1:] + cuts[:-1]) / 2
    inside = (spans[:, :1] * count < middle) & (middle < spans[:, 1:] * count)
    return inside, cuts.diff(), middle.long()
