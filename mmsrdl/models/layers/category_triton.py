"""Kernels of category attention for GPUs, written in Triton.

The functions of :mod:`.category_loops`, by :mod:`.triton_kernels`.
"""

import os
from importlib.metadata import PackageNotFoundError, version

import torch
from mmengine.utils import digit_version
from torch import Tensor

from .category_operators import like_logits, like_maxima

NEEDS = 'Triton 3 and a CUDA GPU of compute capability 7.0 or more'

SIZES = dict(
    spatial_logits=dict(ROWS=16, CATEGORIES=8, CHANNELS=32),
    grad_positions=dict(ROWS=16, CHANNELS=128),
    grad_guide_and_weight=dict(ROWS=16, CHANNELS=128),
    maxima=dict(CATEGORIES=8, CHANNELS=64, POSITIONS=4),
)
"""What one program of a kernel works on: half to 4 thousand elements."""

WARPS = dict(maxima=1)
"""Of a program, 4 unless given; one warp needs no barrier in its loop."""


def _has_triton() -> bool:
    try:
        return digit_version(version('triton')) >= digit_version('3.0')
    except PackageNotFoundError:
        return False


HAS_TRITON = _has_triton()  # reading the version takes longer than a kernel


def is_available(device: torch.device) -> bool:
    """Whether Triton 3 is installed and can serve tensors of a device.

    That is a CUDA GPU since Volta; or, with ``TRITON_INTERPRET=1``, which
    runs the kernels in Python for tests, the CPU.
    """
    if not HAS_TRITON:
        return False
    if device.type == 'cpu':
        return os.environ.get('TRITON_INTERPRET') == '1'
    return device.type == 'cuda' and (
        torch.version.hip is not None
        or torch.cuda.get_device_capability(device) >= (7, 0)
    )


def _launch(name: str, grid: tuple[int, ...], *arguments) -> None:
    """Run a kernel, in double precision for double tensors."""
    import triton.language as tl

    from . import triton_kernels

    first = arguments[0]
    double = first.dtype == torch.float64
    with torch.cuda.device_of(first):
        getattr(triton_kernels, name)[grid](
            *arguments,
            **SIZES[name],
            num_warps=WARPS.get(name, 4),
            precision=tl.float64 if double else tl.float32,
        )


def _blocks(name: str, **lengths: int) -> tuple[int, ...]:
    """How many blocks of a kernel cover the given lengths."""
    return tuple(-(-n // SIZES[name][axis]) for axis, n in lengths.items())


def spatial_logits(positions: Tensor, guide: Tensor, weight: Tensor) -> Tensor:
    """⟨v, tanh(a_p ⊙ g_c)⟩, (B, C, P); see the reference."""
    positions, guide, weight = _contiguous(positions, guide, weight)
    logits = like_logits(positions, guide, weight)
    images, length, hidden = positions.shape
    rows, categories = images * length, len(guide)
    name = 'spatial_logits'
    _launch(
        name, _blocks(name, ROWS=rows, CATEGORIES=categories),
        positions, guide, weight, logits, rows, categories, length, hidden,
    )  # fmt: skip
    return logits


def spatial_logits_backward(
    grad: Tensor, positions: Tensor, guide: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of positions, guide and weight, given that of the logits."""
    grad, positions, guide, weight = _contiguous(
        grad, positions, guide, weight
    )
    images, length, hidden = positions.shape
    rows, categories = images * length, len(guide)
    sizes = rows, categories, length, hidden

    grad_positions = torch.empty_like(positions)
    name = 'grad_positions'
    _launch(
        name, _blocks(name, ROWS=rows, CHANNELS=hidden),
        grad, positions, guide, weight, grad_positions, *sizes,
    )  # fmt: skip

    # In parts of at most 64 blocks, so that few categories busy a GPU as well.
    name = 'grad_guide_and_weight'
    blocks, columns = _blocks(name, ROWS=rows, CHANNELS=hidden)
    parts = max(1, -(-blocks // 64))
    dtype = torch.promote_types(positions.dtype, torch.float32)
    shape = parts, categories, hidden
    sums_guide = guide.new_empty(shape, dtype=dtype)
    sums_weight = torch.empty_like(sums_guide)
    _launch(
        name, (categories, columns, parts),
        grad, positions, guide, sums_guide, sums_weight, *sizes,
        -(-blocks // parts),
    )  # fmt: skip
    grad_guide = sums_guide.sum(0) * weight
    grad_weight = sums_weight.sum((0, 1))
    return grad_positions, grad_guide.to(guide), grad_weight.to(weight)


def maxima(feature: Tensor, spatial: Tensor, channel: Tensor) -> Tensor:
    """GMP(F ⊙ (SA_c + CA_c)), (B, C, D)."""
    values, _ = like_maxima(feature, spatial, channel)
    _launch_maxima(feature, spatial, channel, values, None)
    return values


def maxima_with_index(
    feature: Tensor, spatial: Tensor, channel: Tensor
) -> tuple[Tensor, Tensor]:
    """Maxima, and the position of the first of equals, int32, (B, C, D)."""
    values, index = like_maxima(feature, spatial, channel)
    _launch_maxima(feature, spatial, channel, values, index)
    return values, index


def _launch_maxima(
    feature: Tensor,
    spatial: Tensor,
    channel: Tensor,
    values: Tensor,
    index: Tensor | None,
) -> None:
    images, categories, channels = values.shape
    name = 'maxima'
    _launch(
        name,
        (images, *_blocks(name, CATEGORIES=categories, CHANNELS=channels)),
        *_contiguous(feature, spatial, channel), values, index,
        categories, feature.shape[1], channels,
    )  # fmt: skip


def _contiguous(*tensors: Tensor) -> tuple[Tensor, ...]:
    return tuple(tensor.contiguous() for tensor in tensors)
