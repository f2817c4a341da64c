"""Scores and targets of all ranks, brought together as tensors.

MMEngine collects pickled lists with one object per image. Here two matrices
travel through the process group as they are: 5 bytes per image and class.
"""

from collections.abc import Sequence

import torch
from mmengine.dist import (
    all_gather,
    get_comm_device,
    get_world_size,
    is_main_process,
)
from torch import Tensor, distributed

Batches = Sequence[tuple[Tensor, Tensor]]

_BYTES_AT_ONCE = 2**26
"""Size of a parcel of a rank; bounds memory on the accelerator."""


def join_batches(batches: Batches) -> tuple[Tensor, Tensor]:
    """Join scores and targets of the same number of classes.

    Args:
        batches (Sequence[tuple[Tensor, Tensor]]): Scores ``(B, C)`` float32
            and targets ``(B, C)`` int8 on the CPU; at least one pair.

    Returns:
        tuple[Tensor, Tensor]: Both ``(N, C)``; a single pair is not copied.
    """
    if len(batches) == 1:
        return batches[0]
    scores, targets = zip(*batches, strict=True)
    return torch.cat(scores), torch.cat(targets)


def gather_batches(batches: Batches, size: int) -> tuple[Tensor, Tensor]:
    """Bring what all ranks hold to the first one, in data set order.

    As in MMEngine, sample ``i`` of rank ``r`` of ``W`` is sample ``i W + r``
    of the data set, ranks that have run out are passed over, and what is
    beyond ``size`` is what the sampler added to give all ranks equally much.

    Args:
        batches (Sequence[tuple[Tensor, Tensor]]): As in
            :func:`join_batches`; a rank may have none.
        size (int): Number N of samples of the data set.

    Returns:
        tuple[Tensor, Tensor]: Scores ``(N, C)`` float32 and targets
        ``(N, C)`` int8 on the first rank; of no rows on the others.

    Raises:
        ValueError: On all ranks, if none has a sample, or their classes
            differ in number.
    """
    widths = [scores.size(1) for scores, _ in batches]
    own = [
        sum(len(scores) for scores, _ in batches),
        min(widths, default=0),
        max(widths, default=0),
    ]
    ranks = torch.stack(all_gather(torch.tensor(own))).tolist()
    widths = {width for count, *pair in ranks if count for width in pair}
    if len(widths) != 1:
        raise ValueError(
            'No sample was evaluated.'
            if not widths
            else 'Samples have scores of different numbers of classes: '
            f'{sorted(widths)}.'
        )
    width = widths.pop()
    none = torch.empty(0, width), torch.empty(0, width, dtype=torch.int8)
    counts = [count for count, *_ in ranks]
    scores, targets = join_batches(batches or [none])
    return _gather(scores, counts, size), _gather(targets, counts, size)


def _gather(rows: Tensor, counts: list[int], size: int) -> Tensor:
    """Deal the rows of all ranks out in turn, in parcels of equal size."""
    if get_world_size() == 1:
        return rows[:size]
    total = min(sum(counts), size) if is_main_process() else 0
    gathered = rows.new_empty(total, rows.size(1))
    filled = 0
    step = max(_BYTES_AT_ONCE // (rows.size(1) * rows.element_size()), 1)
    for start in range(0, max(counts), step):
        ranks = torch.arange(start, min(start + step, max(counts)))
        given = ranks.unsqueeze(1) < torch.tensor(counts)
        parcel = rows.new_zeros(len(ranks), rows.size(1))
        part = rows[start : start + step]
        parcel[: len(part)] = part
        parcel = parcel.to(get_comm_device())
        parcels = [torch.empty_like(parcel) for _ in counts]
        distributed.gather(parcel, parcels if is_main_process() else None)
        if is_main_process():
            dealt = torch.stack(parcels, 1).to(rows.device)[given]
            dealt = dealt[: total - filled]
            gathered[filled : filled + len(dealt)] = dealt
            filled += len(dealt)
    return gathered
