"""Category attention in the registers of a CPU.

What a category and a position share is never written to memory. Each thread
has rows, or channels, of its own. Shapes as in :mod:`.category_attention`, all
contiguous and of one dtype, float32 or float64; N = B·P rows.
"""

import math

import numpy as np
from numba import njit, prange
from numba.extending import overload, register_jitable
from numba.types import float32

# Sums may be taken in any order; NaN and infinity stay what they are.
FAST_MATH = {'reassoc', 'contract', 'nsz', 'arcp'}

CHANNELS = 512
"""Of D in a task: F of 196 positions then fits in a core's cache."""

HIDDEN, CATEGORIES = 64, 64
"""Of H in a task and of C at a time: g of them fits in its innermost cache."""


def compile_kernel(function):
    """Compile at the first call, and keep the code for other processes."""
    options = dict(parallel=True, fastmath=FAST_MATH)
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # no folder to keep it can be written to
        return njit(**options)(function)


@register_jitable
def count_blocks(length, size):
    """How many blocks cover a length."""
    return (length + size - 1) // size


@register_jitable
def take_block(block, size, length):
    """The indices of a block."""
    return slice(
        np.int64(block) * size, min((np.int64(block) + 1) * size, length)
    )


@register_jitable
def split(task, size):
    """Quotient and remainder; the number of a task is unsigned."""
    return divmod(np.int64(task), size)


@register_jitable
def better(value, at, best, where):
    """The larger value with its place; the first of equals stays.

    NaN is larger than any number, as in PyTorch's maximum.
    """
    new = (value > best) | (value != value)
    return (value, at) if new else (best, where)


@register_jitable(fastmath=FAST_MATH)
def lambert_tanh(x):
    """Within 3e-7 of the hyperbolic tangent, relatively, in float32.

    tanh(2y) = 2nd / (d² + n²) with n/d = tanh(y) by Lambert's continued
    fraction y / (1 + y² / (3 + y² / (5 + ...))) down to 17.
    """
    f = np.float32
    y = min(max(x, f(-9)), f(9)) * f(0.5)
    s = y * y
    n = ((s + f(990)) * s + f(135135)) * s + f(4729725)
    n = y * (n * s + f(34459425))
    d = ((f(45) * s + f(13860)) * s + f(945945)) * s + f(16216200)
    d = d * s + f(34459425)
    return f(2) * n * d / (d * d + n * n)


def tanh(x):
    """The hyperbolic tangent, as fast as its precision allows."""
    return np.tanh(x)


@overload(tanh, jit_options=dict(fastmath=FAST_MATH))
def _overload_tanh(x):
    if x == float32:
        return lambda x: lambert_tanh(x)
    return lambda x: math.tanh(x)


@compile_kernel
def spatial_logits(positions, guide, weight, logits):
    """⟨v, tanh(a_p ⊙ g_c)⟩, (B, C, P)."""
    images, length, hidden = positions.shape
    for row in prange(images * length):
        i, p = split(row, length)
        a = positions[i, p]
        for c in range(len(guide)):
            total = weight.dtype.type(0)
            for h in range(hidden):
                total += weight[h] * tanh(a[h] * guide[c, h])
            logits[i, c, p] = total


@compile_kernel
def spatial_logits_backward(
    grad, positions, guide, weight, grad_positions, grad_guide, grad_weight
):
    """Gradients of positions, guide and weight, given that of the logits.

    That is (B, P, C) here. With t = tanh(a_p ⊙ g_c) and
    u = ∂logit_pc (1 - t²) they are v ⊙ Σ_c u ⊙ g_c, v ⊙ Σ_p u ⊙ a_p and
    Σ_pc ∂logit_pc t.
    """
    images, length, hidden = positions.shape
    one = weight.dtype.type(1)
    for block in prange(count_blocks(hidden, HIDDEN)):
        span = take_block(block, HIDDEN, hidden)
        v, grad_v = weight[span], grad_weight[span]
        grad_positions[:, :, span] = 0
        grad_guide[:, span] = 0
        grad_v[:] = 0
        # Of an image and of a row, as short sums keep more digits.
        sum_g = np.empty((CATEGORIES, len(v)), weight.dtype)
        sum_t = np.empty_like(v)
        for start in range(0, len(guide), CATEGORIES):
            end = min(start + CATEGORIES, len(guide))
            for i in range(images):
                sum_g[:] = 0
                for p in range(length):
                    a, grad_a = (
                        positions[i, p, span],
                        grad_positions[i, p, span],
                    )
                    sum_t[:] = 0
                    for c in range(start, end):
                        d, g, to_g = (
                            grad[i, p, c],
                            guide[c, span],
                            sum_g[c - start],
                        )
                        for h in range(len(v)):
                            t = tanh(a[h] * g[h])
                            u = d * (one - t * t)
                            grad_a[h] += u * g[h]
                            to_g[h] += u * a[h]
                            sum_t[h] += d * t
                    grad_v += sum_t
                for c in range(start, end):
                    grad_guide[c, span] += sum_g[c - start]
        grad_positions[:, :, span] *= v
        grad_guide[:, span] *= v


@compile_kernel
def maxima_with_index(feature, spatial, channel, values, index):
    """GMP(F ⊙ (SA_c + CA_c)), and where it is, (B, C, D).

    The position is that of the first of equal maxima.
    """
    images, length, channels = feature.shape
    categories = spatial.shape[1]
    blocks = count_blocks(channels, CHANNELS)
    for task in prange(images * blocks * categories):
        share, c = split(task, categories)
        i, block = split(share, blocks)
        span = take_block(block, CHANNELS, channels)
        ca = channel[i, c, span]
        best, where = values[i, c, span], index[i, c, span]
        best[:] = -np.inf
        where[:] = 0
        for p in range(0, length, 2):
            # Two at once; past the end the last again, which changes nothing.
            q = min(p + 1, length - 1)
            f_p, f_q = feature[i, p, span], feature[i, q, span]
            sa_p, sa_q = spatial[i, c, p], spatial[i, c, q]
            at_p, at_q = np.int32(p), np.int32(q)
            for d in range(len(best)):
                value, at = f_p[d] * (sa_p + ca[d]), at_p
                value, at = better(value, at, best[d], where[d])
                best[d], where[d] = better(
                    f_q[d] * (sa_q + ca[d]), at_q, value, at
                )
