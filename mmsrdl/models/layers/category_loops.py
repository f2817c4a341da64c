"""Kernels of category attention that go category by category.

They work in the memory of one block, small enough for the cache of a core:
what a category and a position share never exists for two categories at once.
Notation as in :mod:`.category_attention`.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from .category_operators import like_maxima

BLOCK = 2**19
"""Elements of a block on a CPU, 2 MiB of float32."""


def _lines(length: int, tensor: Tensor) -> int:
    """How many lines of a length make a block; on accelerators, any."""
    if tensor.device.type != 'cpu':
        return max(1, tensor.numel())
    return max(1, BLOCK // length)


def spatial_logits(positions: Tensor, guide: Tensor, weight: Tensor) -> Tensor:
    """⟨v, tanh(a_p ⊙ g_c)⟩, (B, C, P); see the reference."""
    rows = positions.flatten(0, 1)
    logits = rows.new_empty(len(guide), len(rows))
    size = _lines(rows.shape[1], rows)
    for block, out in zip(
        rows.split(size), logits.split(size, 1), strict=True
    ):
        product = torch.empty_like(block)
        for c, g in enumerate(guide):
            torch.mul(block, g, out=product).tanh_()
            torch.mv(product, weight, out=out[c])
    logits = logits.unflatten(1, positions.shape[:2])
    return logits.transpose(0, 1).contiguous()


def spatial_logits_backward(
    grad: Tensor, positions: Tensor, guide: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of positions, guide and weight, given that of the logits."""
    rows = positions.flatten(0, 1)
    grad = grad.transpose(0, 1).flatten(1)
    # In half precision a sum over many categories would stop growing.
    dtype = torch.promote_types(rows.dtype, torch.float32)
    grad_rows, grad_guide, grad_weight = (
        x.new_zeros(x.shape, dtype=dtype) for x in (rows, guide, weight)
    )
    size = _lines(rows.shape[1], rows)
    for block, grad_block, grad_logits in zip(
        rows.split(size), grad_rows.split(size), grad.split(size, 1),
        strict=True,
    ):  # fmt: skip
        tanh, slope = torch.empty_like(block), torch.empty_like(block)
        for c, g in enumerate(guide):
            torch.mul(block, g, out=tanh).tanh_()
            grad_weight += grad_logits[c] @ tanh
            # (1 - tanh²) times the gradient of the logit
            torch.ops.aten.tanh_backward.grad_input(
                grad_logits[c, :, None], tanh, grad_input=slope
            )
            grad_block.addcmul_(slope, weight * g)
            grad_guide[c] += slope.mul_(block).sum(0)
    return (
        grad_rows.view(positions.shape).to(positions.dtype),
        (grad_guide * weight).to(guide.dtype),
        grad_weight.to(weight.dtype),
    )


def maxima(feature: Tensor, spatial: Tensor, channel: Tensor) -> Tensor:
    """GMP(F ⊙ (SA_c + CA_c)), (B, C, D)."""
    values, _ = like_maxima(feature, spatial, channel)
    for product, out in _products(feature, spatial, channel, values):
        torch.amax(product, 1, out=out)
    return values


def maxima_with_index(
    feature: Tensor, spatial: Tensor, channel: Tensor
) -> tuple[Tensor, Tensor]:
    """Maxima, and the position of the first of equals, int32, (B, C, D)."""
    values, index = like_maxima(feature, spatial, channel)
    for product, out, where in _products(
        feature, spatial, channel, values, index
    ):
        # Of all of PyTorch's maxima with an index by far the fastest.
        value, position = F.max_pool2d(
            product[:, :, None].permute(0, 3, 1, 2),
            (product.shape[1], 1),
            return_indices=True,
        )
        out.copy_(value[..., 0, 0])
        where.copy_(position[..., 0, 0])
    return values, index


def _products(
    feature: Tensor, spatial: Tensor, channel: Tensor, *outs: Tensor
) -> Iterator[tuple[Tensor, ...]]:
    """F ⊙ (SA_c + CA_c), (b, P, d), in turns, with its places in the outputs.

    The next product overwrites the last.
    """
    positions = feature.shape[1]
    images = _lines(positions * feature.shape[2], feature)
    channels = _lines(positions, feature)
    for f, s, *others in _split((feature, spatial, channel, *outs), images, 0):
        for block, gate, *places in _split((f, *others), channels, 2):
            product = torch.empty_like(block, dtype=outs[0].dtype)
            for c in range(spatial.shape[1]):
                torch.add(gate[:, c, None], s[:, c, :, None], out=product)
                yield product.mul_(block), *(out[:, c] for out in places)


def _split(
    tensors: tuple[Tensor, ...], size: int, dim: int
) -> Iterator[tuple[Tensor, ...]]:
    return zip(*(x.split(size, dim) for x in tensors), strict=True)
