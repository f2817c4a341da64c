"""Category attention of SRDL: spatial logits and pooled category features.

Two functions are all that carries a category and a position at once. Both are
written twice, once as the equations read (``reference``) and once category by
category with a backward of their own (``per_category``), which never holds
more than one category's (B, P, D) at a time.

Notation: B images, C categories, P = h·w positions in row-major order,
D channels, H hidden channels. F is the feature map, SA and CA the spatial and
channel attention. The maximum over positions sends its gradient to the first
of equal maxima in row-major order, as :func:`torch.argmax` documents.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class CategoryAttention(NamedTuple):
    """What category attention yields.

    Attributes:
        logits (Tensor): Scores before the sigmoid, (B, C).
        features (Tensor): Category features f_c, (B, C, D).
        spatial (Tensor, optional): Spatial attention before erasing,
            (B, C, h, w) in (0, 1). None without spatial attention.
        channel (Tensor, optional): Channel attention, (B, C, D) in (0, 1).
            None without channel attention.
    """

    logits: Tensor
    features: Tensor
    spatial: Tensor | None
    channel: Tensor | None


def first_max(values: Tensor) -> Tensor:
    """Maximum over the last axis; its gradient goes to the first of equals."""
    index = values.argmax(-1, keepdim=True)
    return values.gather(-1, index).squeeze(-1)


# --- reference: the equations, literally -----------------------------------


def spatial_logits_reference(
    positions: Tensor, guide: Tensor, weight: Tensor
) -> Tensor:
    """⟨v, tanh(a_p ⊙ g_c)⟩ of the spatial attention (SRDL eqs. 4-5).

    Args:
        positions (Tensor): a = f_sa(F), (B, P, H).
        guide (Tensor): g = f_w(x), (C, H).
        weight (Tensor): v, the weight of f_s, (H,).

    Returns:
        Tensor: Logits without the bias of f_s, (B, C, P).
    """
    return torch.tanh(positions[:, None] * guide[:, None]) @ weight


def category_pool_reference(
    feature: Tensor, spatial: Tensor | None, channel: Tensor | None
) -> Tensor:
    """f_c = GMP(½ F ⊙ SA_c + ½ F ⊙ CA_c) (SRDL eq. 6).

    With one attention missing, f_c = GMP(F ⊙ the other).

    Args:
        feature (Tensor): F, (B, D, P).
        spatial (Tensor, optional): SA, (B, C, P).
        channel (Tensor, optional): CA, (B, C, D).

    Returns:
        Tensor: Category features, (B, C, D).
    """
    feature = feature[:, None]
    if channel is None:
        return first_max(feature * spatial[:, :, None])
    if spatial is None:
        return first_max(feature * channel[..., None])
    return first_max(
        0.5 * feature * spatial[:, :, None]
        + 0.5 * feature * channel[..., None]
    )


# --- one category at a time ------------------------------------------------


def _category_logits(positions: Tensor, guide: Tensor, weight: Tensor):
    logits = [torch.tanh(positions * g) @ weight for g in guide]
    return torch.stack(logits, 1)


class _SpatialLogits(torch.autograd.Function):
    @staticmethod
    def forward(ctx, positions, guide, weight):
        ctx.save_for_backward(positions, guide, weight)
        return _category_logits(positions, guide, weight)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        positions, guide, weight = ctx.saved_tensors
        grad_positions = torch.zeros_like(positions)
        grad_guide = torch.empty_like(guide)
        grad_weight = torch.zeros_like(weight)
        for c, g in enumerate(guide):
            tanh = torch.tanh(positions * g)
            grad_c = grad[:, c].contiguous()
            grad_weight += grad_c.flatten() @ tanh.flatten(0, 1)
            # d tanh(z) = (1 - tanh²) dz, in the memory of tanh
            grad_product = tanh.square_().neg_().add_(1).mul_(weight)
            grad_product *= grad_c[..., None]
            grad_guide[c] = (grad_product * positions).sum((0, 1))
            grad_positions.addcmul_(grad_product, g)
        return grad_positions, grad_guide, grad_weight


def spatial_logits_per_category(
    positions: Tensor, guide: Tensor, weight: Tensor
) -> Tensor:
    """:func:`spatial_logits_reference`, one category at a time."""
    function = (
        _SpatialLogits.apply if torch.is_grad_enabled() else _category_logits
    )
    return function(positions, guide, weight)


def _gate(spatial: Tensor, channel: Tensor | None, c: int) -> Tensor:
    """The factor of F: ½ (SA_c + CA_c), (B, D, P), or SA_c, (B, 1, P)."""
    if channel is None:
        return spatial[:, c, None]
    return 0.5 * (spatial[:, c, None] + channel[:, c, :, None])


def _category_maxima(feature: Tensor, spatial: Tensor, channel: Tensor | None):
    maxima = [
        (feature * _gate(spatial, channel, c)).amax(-1)
        for c in range(spatial.shape[1])
    ]
    return torch.stack(maxima, 1)


class _CategoryPool(torch.autograd.Function):
    @staticmethod
    def forward(ctx, feature, spatial, channel):
        ctx.save_for_backward(feature, spatial, channel)
        return _category_maxima(feature, spatial, channel)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        feature, spatial, channel = ctx.saved_tensors
        # Under autocast the inputs differ in dtype; the sums are taken in
        # that of the output, the widest.
        grad_feature = torch.zeros_like(feature, dtype=grad.dtype)
        grad_spatial = torch.zeros_like(spatial, dtype=grad.dtype)
        grad_channel = None if channel is None else torch.empty_like(channel)
        share = 1.0 if channel is None else 0.5
        for c in range(spatial.shape[1]):
            gate = _gate(spatial, channel, c)
            index = (feature * gate).argmax(-1, keepdim=True)
            grad_c = grad[:, c, :, None]
            grad_feature.scatter_add_(
                2, index, grad_c * gate.expand_as(feature).gather(2, index)
            )
            grad_gate = (share * grad_c * feature.gather(2, index)).squeeze(2)
            grad_spatial[:, c].scatter_add_(1, index.squeeze(2), grad_gate)
            if channel is not None:
                grad_channel[:, c] = grad_gate
        return grad_feature.to(feature), grad_spatial.to(spatial), grad_channel


def category_pool_per_category(
    feature: Tensor, spatial: Tensor | None, channel: Tensor | None
) -> Tensor:
    """:func:`category_pool_reference`, one category at a time."""
    if spatial is None:
        # CA is positive and constant over the positions: it leaves the GMP.
        return first_max(feature)[:, None] * channel
    function = (
        _CategoryPool.apply if torch.is_grad_enabled() else _category_maxima
    )
    return function(feature, spatial, channel)


class AttentionImplementation(NamedTuple):
    """The two functions of one way to compute category attention."""

    spatial_logits: Callable[[Tensor, Tensor, Tensor], Tensor]
    pool: Callable[[Tensor, Tensor | None, Tensor | None], Tensor]


IMPLEMENTATIONS = dict(
    reference=AttentionImplementation(
        spatial_logits_reference, category_pool_reference
    ),
    per_category=AttentionImplementation(
        spatial_logits_per_category, category_pool_per_category
    ),
)
