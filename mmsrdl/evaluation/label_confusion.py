"""What is predicted in the place of a missed label."""

from typing import NamedTuple

from torch import Tensor


class LabelConfusion(NamedTuple):
    """Counts of images, int64."""

    pairs: Tensor
    """``(C, C)``: class i is present and missed, class j absent and
    predicted."""
    missed: Tensor
    """``(C,)``: the class is present and missed."""
    false: Tensor
    """``(C,)``: the class is absent and predicted."""


def confuse_labels(labels: Tensor, targets: Tensor) -> LabelConfusion:
    """Count which absent labels are predicted when a present one is missed.

    An image has several labels, so no prediction stands for any one of them.
    What can be told is which false labels come with a missed one.

    Args:
        labels (Tensor): ``(N, C)`` bool, the predicted labels.
        targets (Tensor): ``(N, C)`` in {-1, 0, 1}; unknown ones are neither
            missed nor false.

    Returns:
        LabelConfusion: The counts.
    """
    missed = (targets == 1) & ~labels
    false = (targets == 0) & labels
    # Exact in float64, and as a product of matrices quick.
    pairs = missed.double().t() @ false.double()
    return LabelConfusion(pairs.long(), missed.sum(0), false.sum(0))
