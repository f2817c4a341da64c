"""Category attention of SRDL: spatial logits and pooled category features.

Two functions are all that carries a category and a position at once. They are
written as the equations read (``reference``), and as kernels with a backward
of their own that never hold such a tensor: fused, for CPUs (``numba``) and
GPUs (``triton``), and category by category in PyTorch (``per_category``).

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

from . import category_loops, category_numba, category_triton
from .category_operators import Kernels, as_operators
from .compiling import is_exporting


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


def first_max(values: Tensor, dim: int) -> Tensor:
    """Maximum over an axis; its gradient goes to the first of equals."""
    if is_exporting():  # without a gradient, a plain maximum is the same
        return values.amax(dim)
    index = values.argmax(dim, keepdim=True)
    return values.gather(dim, index).squeeze(dim)


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
        feature (Tensor): F, (B, P, D).
        spatial (Tensor, optional): SA, (B, C, P).
        channel (Tensor, optional): CA, (B, C, D).

    Returns:
        Tensor: Category features, (B, C, D).
    """
    feature = feature.transpose(1, 2).contiguous()[:, None]
    if channel is None:
        return first_max(feature * spatial[:, :, None], -1)
    if spatial is None:
        return first_max(feature * channel[..., None], -1)
    return first_max(
        0.5 * feature * spatial[:, :, None]
        + 0.5 * feature * channel[..., None],
        -1,
    )


# --- for graphs of other runtimes: plain operations, some categories at once -

EXPORTED_TOGETHER = 2
"""Categories in a tensor of an exported graph, (B, 2, D, P).

Measured with ONNX Runtime: more leave the cache, fewer make more nodes. With
channels before positions its sums and maxima run several times as fast.
"""


def _export_spatial_logits(
    positions: Tensor, guide: Tensor, weight: Tensor
) -> Tensor:
    positions = positions.transpose(1, 2)[:, None]
    logits = [
        weight[None] @ torch.tanh(positions * g[..., None])
        for g in guide.split(EXPORTED_TOGETHER)
    ]
    return torch.cat(logits, 1).squeeze(2)


def _export_maxima(
    feature: Tensor, spatial: Tensor, channel: Tensor | None
) -> Tensor:
    feature = feature.transpose(1, 2)[:, None]
    gates = [each[:, :, None] for each in spatial.split(EXPORTED_TOGETHER, 1)]
    if channel is not None:
        channels = channel.split(EXPORTED_TOGETHER, 1)
        gates = [
            gate + each[..., None]
            for gate, each in zip(gates, channels, strict=True)
        ]
    return torch.cat([(feature * gate).amax(3) for gate in gates], 1)


# --- kernels, and their gradients -------------------------------------------


class _SpatialLogits(torch.autograd.Function):
    @staticmethod
    def forward(ctx, positions, guide, weight, kernels):
        ctx.save_for_backward(positions, guide, weight)
        ctx.kernels = kernels
        return kernels.spatial_logits(positions, guide, weight)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        backward = ctx.kernels.spatial_logits_backward
        return *backward(grad, *ctx.saved_tensors), None


class _Maxima(torch.autograd.Function):
    @staticmethod
    def forward(ctx, feature, spatial, channel, kernels):
        maxima, index = kernels.maxima_with_index(feature, spatial, channel)
        ctx.save_for_backward(feature, spatial, channel, index)
        return maxima

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        # Under autocast the inputs differ in dtype; the sums are taken in
        # that of the output, the widest.
        feature, spatial, channel, index = ctx.saved_tensors
        index = index.long()
        gate = spatial.gather(2, index) + channel
        grad_feature = torch.zeros_like(feature, dtype=grad.dtype)
        grad_feature.scatter_add_(1, index, grad * gate)
        grad_gate = grad * feature.gather(1, index)
        grad_spatial = torch.zeros_like(spatial, dtype=grad.dtype)
        grad_spatial.scatter_add_(2, index, grad_gate)
        return (
            grad_feature.to(feature),
            grad_spatial.to(spatial),
            grad_gate.to(channel),
            None,
        )


class AttentionImplementation(NamedTuple):
    """The two functions of one way to compute category attention."""

    spatial_logits: Callable[[Tensor, Tensor, Tensor], Tensor]
    pool: Callable[[Tensor, Tensor | None, Tensor | None], Tensor]


def _check(*shapes: tuple[Tensor, str]) -> None:
    """Refuse shapes that do not fit: kernels read where they are told.

    Args:
        *shapes (tuple[Tensor, str]): Tensors with the names of their axes,
            a letter each. The same letter means the same size.

    Raises:
        ValueError: If they do not fit, or there is no position.
    """
    sizes = {}
    for tensor, axes in shapes:
        fits = tensor.ndim == len(axes) and all(
            size == sizes.setdefault(axis, size)
            for axis, size in zip(axes, tensor.shape, strict=True)
        )
        if not fits or sizes.get('P') == 0:
            raise ValueError(
                'Category attention takes tensors '
                f'{", ".join(axes for _, axes in shapes)} with one position '
                f'or more, but got {[tuple(x.shape) for x, _ in shapes]}.'
            )


def implement(kernels: Kernels) -> AttentionImplementation:
    """Make an implementation of kernels.

    Args:
        kernels (Kernels): Its functions.

    Returns:
        AttentionImplementation: Differentiable once, equal to the reference.
    """

    def spatial_logits(
        positions: Tensor, guide: Tensor, weight: Tensor
    ) -> Tensor:
        if is_exporting():
            return _export_spatial_logits(positions, guide, weight)
        _check((positions, 'BPH'), (guide, 'CH'), (weight, 'H'))
        if not torch.is_grad_enabled():
            return kernels.spatial_logits(positions, guide, weight)
        return _SpatialLogits.apply(positions, guide, weight, kernels)

    def pool(
        feature: Tensor, spatial: Tensor | None, channel: Tensor | None
    ) -> Tensor:
        if spatial is None:
            # CA is positive and constant over positions: it leaves the GMP.
            return first_max(feature, 1)[:, None] * channel
        share = 1 if channel is None else 0.5
        if is_exporting():
            return share * _export_maxima(feature, spatial, channel)
        if channel is None:
            channel = feature.new_zeros(()).expand(
                *spatial.shape[:2], feature.shape[2]
            )
        _check((feature, 'BPD'), (spatial, 'BCP'), (channel, 'BCD'))
        if not torch.is_grad_enabled():
            return share * kernels.maxima(feature, spatial, channel)
        return share * _Maxima.apply(feature, spatial, channel, kernels)

    return AttentionImplementation(spatial_logits, pool)


IMPLEMENTATIONS = dict(
    reference=AttentionImplementation(
        spatial_logits_reference, category_pool_reference
    ),
    per_category=implement(as_operators(category_loops, '')),
    numba=implement(as_operators(category_numba, 'numba_')),
    triton=implement(as_operators(category_triton, 'triton_')),
)


FUSED = dict(triton=category_triton, numba=category_numba)
"""Modules of the implementations that need more than PyTorch, best first."""


def find_implementation(
    name: str, device: torch.device
) -> AttentionImplementation:
    """Find an implementation by name.

    Args:
        name (str): A name in :data:`IMPLEMENTATIONS`, or ``'auto'``: the
            fused one of the device where it is available, else
            ``'per_category'``.
        device (torch.device): Where the tensors are.

    Returns:
        AttentionImplementation: The implementation.

    Raises:
        RuntimeError: If a fused one is asked for where it can't run.
    """
    fused = [each for each in FUSED if FUSED[each].is_available(device)]
    if name == 'auto':
        name = next(iter(fused), 'per_category')
    elif name in FUSED and not (name in fused or is_exporting()):
        raise RuntimeError(
            f"attention_impl='{name}' can't run on {device}: it needs "
            f'{FUSED[name].NEEDS}. '
            "Use 'auto', which takes the best implementation there is."
        )
    return IMPLEMENTATIONS[name]
