"""Compute what does not depend on the image once, in evaluation."""

from collections.abc import Callable

import torch
from torch import Tensor

from .compiling import is_compiling


class EvaluationCache:
    """The last value of a function of tensors, valid while they stay equal.

    The sources are compared by content. Identity or version counters would
    not do: an EMA swap writes through ``.data``, which changes neither.
    The comparison reads each source once, much less than a matrix product.

    The function is always evaluated where its value may not be kept: while
    gradients are on (the value belongs to a graph), while the model is being
    traced, compiled or exported, and on accelerators, where the comparison
    would stall the queue for longer than the recomputation takes.
    """

    def __init__(self) -> None:
        # The value with copies of its sources: one object, as other threads
        # may call at the same time.
        self._kept: tuple[Tensor, tuple[Tensor, ...]] | None = None

    def __call__(
        self, function: Callable[[], Tensor], *sources: Tensor
    ) -> Tensor:
        """Return ``function()``, remembered if the sources are unchanged.

        Args:
            function (Callable): Pure function of the sources.
            *sources (Tensor): Every tensor that the value depends on.

        Returns:
            Tensor: The value, the caller's to change.
        """
        if (
            torch.is_grad_enabled()
            or torch.jit.is_tracing()
            or is_compiling()
            or any(source.device.type != 'cpu' for source in sources)
        ):
            return function()
        kept = self._kept
        if kept is None or not _match(kept[1], sources):
            copies = tuple(source.clone() for source in sources)
            self._kept = kept = function(), copies
        return kept[0].clone()


def _match(kept: tuple[Tensor, ...], sources: tuple[Tensor, ...]) -> bool:
    return all(
        old.dtype == new.dtype and torch.equal(old, new)
        for old, new in zip(kept, sources, strict=True)
    )
