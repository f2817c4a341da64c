"""What kernels of category attention offer, and what compilers see of it.

Shapes as in :mod:`.category_attention`.
"""

from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

import torch
from torch import Tensor

from .compiling import opaque


class Kernels(NamedTuple):
    """Functions that compute what the equations say by other means.

    Attributes:
        spatial_logits (Callable): a, g, v to ⟨v, tanh(a_p ⊙ g_c)⟩, (B, C, P).
        spatial_logits_backward (Callable): The gradient of that, a, g, v to
            the gradients of a, g and v.
        maxima (Callable): F, SA, CA to GMP(F ⊙ (SA_c + CA_c)), (B, C, D).
        maxima_with_index (Callable): The same, and the position of the first
            of equals, int32, (B, C, D).
    """

    spatial_logits: Callable[..., Tensor]
    spatial_logits_backward: Callable[..., tuple[Tensor, Tensor, Tensor]]
    maxima: Callable[..., Tensor]
    maxima_with_index: Callable[..., tuple[Tensor, Tensor]]


def as_operators(kernels: ModuleType, prefix: str) -> Kernels:
    """Make each kernel one node of what a compiler sees.

    Args:
        kernels (ModuleType): Has the functions of :class:`Kernels`.
        prefix (str): Before the names of the operators.

    Returns:
        Kernels: Its functions.
    """
    return Kernels(
        opaque(
            kernels.spatial_logits,
            f'{prefix}spatial_logits',
            '(Tensor a, Tensor g, Tensor v) -> Tensor',
            like_logits,
        ),
        opaque(
            kernels.spatial_logits_backward,
            f'{prefix}spatial_logits_backward',
            '(Tensor grad, Tensor a, Tensor g, Tensor v)'
            ' -> (Tensor, Tensor, Tensor)',
            like_gradients,
        ),
        opaque(
            kernels.maxima,
            f'{prefix}category_maxima',
            '(Tensor f, Tensor s, Tensor c) -> Tensor',
            lambda *inputs: like_maxima(*inputs)[0],
        ),
        opaque(
            kernels.maxima_with_index,
            f'{prefix}category_maxima_with_index',
            '(Tensor f, Tensor s, Tensor c) -> (Tensor, Tensor)',
            like_maxima,
        ),
    )


def like_logits(positions: Tensor, guide: Tensor, weight: Tensor) -> Tensor:
    """Memory for the logits, (B, C, P)."""
    images, length = positions.shape[:2]
    return positions.new_empty(images, len(guide), length)


def like_gradients(
    grad: Tensor, positions: Tensor, guide: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Memory for the gradients of positions, guide and weight."""
    return tuple(x.new_empty(x.shape) for x in (positions, guide, weight))


def like_maxima(
    feature: Tensor, spatial: Tensor, channel: Tensor
) -> tuple[Tensor, Tensor]:
    """Memory for maxima and positions, (B, C, D).

    Under autocast feature and attention differ in dtype; the maxima have the
    widest.
    """
    dtype = torch.promote_types(feature.dtype, spatial.dtype)
    dtype = torch.promote_types(dtype, channel.dtype)
    maxima = channel.new_empty(channel.shape, dtype=dtype)
    return maxima, torch.empty_like(maxima, dtype=torch.int32)
