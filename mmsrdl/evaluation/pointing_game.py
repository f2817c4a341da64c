"""Does the attention of a label point at an object of its class?

The pointing game (Zhang et al., "Top-Down Neural Attention by Excitation
Backprop", IJCV 2018) counts a hit if the highest point of a map lies inside a
box of the class. Here it is played for labels that the model predicts
correctly only, as the attention of a missed or a false label has no object to
find, and the highest point is the centre of a cell of the map.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


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
    num_maps, height, width = spatial.shape
    if len(boxes) != num_maps:
        raise ValueError(
            f'{num_maps} maps need as many sets, not {len(boxes)}.'
        )
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


def pointing_game(
    spatial: Tensor,
    predicted: Tensor,
    boxes: Sequence[Mapping[int, Tensor]],
) -> tuple[int, int]:
    """Play the game for the correctly predicted labels of a batch.

    Args:
        spatial (Tensor): ``(B, C, h, w)``, one map per image and class.
        predicted (Tensor): ``(B, C)`` bool, the predicted labels.
        boxes (Sequence[Mapping[int, Tensor]]): For each image, the classes
            that it shows with their boxes as in :func:`peak_in_box`.

    Returns:
        tuple[int, int]: Hits and correctly predicted labels. Sum them over
        the batches; the result of the game is their quotient.
    """
    predicted = predicted.tolist()
    labels = [
        (image, label)
        for image, shown in enumerate(boxes)
        for label in shown
        if predicted[image][label]
    ]
    if not labels:
        return 0, 0
    images, classes = torch.tensor(labels, device=spatial.device).unbind(1)
    hits = peak_in_box(
        spatial[images, classes],
        [boxes[image][label] for image, label in labels],
    )
    return int(hits.sum()), len(labels)
