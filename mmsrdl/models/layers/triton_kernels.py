"""Category attention on the chip.

What a category and a position share lives in registers alone. Shapes as in
:mod:`.category_attention`, all contiguous; N = B·P rows. Sums and maxima are
taken in ``precision``, whatever the dtype of the tensors.
"""

import triton
import triton.language as tl


@triton.jit
def tanh(x):
    """Within 2e-6 of the hyperbolic tangent, relatively, in float32.

    Near 0, where the quotient cancels, it is the series.
    """
    quotient = 1 - 2 / (1 + tl.exp(2 * x))
    if x.dtype == tl.float64:
        return quotient
    square = x * x
    series = x + x * square * (square * (2 / 15) - 1 / 3)
    return tl.where(square < 0.01, series, quotient)


@triton.jit
def span(block, size: tl.constexpr, length):
    """Indices of a block, and which of them exist."""
    index = block * size + tl.arange(0, size)
    return index, index < length


@triton.jit
def at_logits(rows, cats, C, P):
    """Where the logits (B, C, P) of rows and categories lie."""
    image = (rows // P).to(tl.int64)
    return (image * C + cats) * P + rows % P


@triton.jit
def spatial_logits(
    positions, guide, weight, logits, N, C, P, H,
    ROWS: tl.constexpr, CATEGORIES: tl.constexpr, CHANNELS: tl.constexpr,
    precision: tl.constexpr,
):  # fmt: skip
    """⟨v, tanh(a_p ⊙ g_c)⟩ of some rows and categories."""
    rows, has_row = span(tl.program_id(0), ROWS, N)
    cats, has_cat = span(tl.program_id(1), CATEGORIES, C)
    a_rows = positions + rows.to(tl.int64)[:, None] * H
    g_rows = guide + cats[:, None] * H
    total = tl.zeros((ROWS, CATEGORIES, CHANNELS), precision)
    for block in range(tl.cdiv(H, CHANNELS)):
        h, has_h = span(block, CHANNELS, H)
        a = tl.load(a_rows + h, has_row[:, None] & has_h, 0).to(precision)
        g = tl.load(g_rows + h, has_cat[:, None] & has_h, 0).to(precision)
        v = tl.load(weight + h, has_h, 0).to(precision)
        total += v * tanh(a[:, None, :] * g[None, :, :])
    tl.store(
        logits + at_logits(rows[:, None], cats, C, P),
        tl.sum(total, 2),
        has_row[:, None] & has_cat,
    )


@triton.jit
def grad_positions(
    grad, positions, guide, weight, out, N, C, P, H,
    ROWS: tl.constexpr, CHANNELS: tl.constexpr, precision: tl.constexpr,
):  # fmt: skip
    """Σ_c ∂logit_cp (1 - tanh²) v ⊙ g_c of some rows and channels."""
    rows, has_row = span(tl.program_id(0), ROWS, N)
    h, has_h = span(tl.program_id(1), CHANNELS, H)
    place = rows.to(tl.int64)[:, None] * H + h
    exists = has_row[:, None] & has_h
    a = tl.load(positions + place, exists, 0).to(precision)
    v = tl.load(weight + h, has_h, 0).to(precision)
    total = tl.zeros((ROWS, CHANNELS), precision)
    for c in range(C):
        g = tl.load(guide + c * H + h, has_h, 0).to(precision)
        d = tl.load(grad + at_logits(rows, c, C, P), has_row, 0).to(precision)
        t = tanh(a * g)
        total += d[:, None] * (1 - t * t) * g
    tl.store(out + place, total * v, exists)


@triton.jit
def grad_guide_and_weight(
    grad, positions, guide, out_guide, out_weight, N, C, P, H, blocks,
    ROWS: tl.constexpr, CHANNELS: tl.constexpr, precision: tl.constexpr,
):  # fmt: skip
    """Σ_p ∂logit_cp (1 - tanh²) ⊙ a_p and Σ_p ∂logit_cp tanh.

    Of one category and some channels, over some blocks of rows; the sums of
    different blocks lie side by side, (S, C, H).
    """
    c = tl.program_id(0)
    h, has_h = span(tl.program_id(1), CHANNELS, H)
    part = tl.program_id(2)
    g = tl.load(guide + c * H + h, has_h, 0).to(precision)
    total_guide = tl.zeros((ROWS, CHANNELS), precision)
    total_weight = tl.zeros((ROWS, CHANNELS), precision)
    for block in range(blocks):
        rows, has_row = span(part * blocks + block, ROWS, N)
        place = rows.to(tl.int64)[:, None] * H + h
        exists = has_row[:, None] & has_h
        a = tl.load(positions + place, exists, 0).to(precision)
        d = tl.load(grad + at_logits(rows, c, C, P), has_row, 0).to(precision)
        t = tanh(a * g)
        total_weight += d[:, None] * t
        total_guide += d[:, None] * (1 - t * t) * a
    place = (part * C + c).to(tl.int64) * H + h
    tl.store(out_guide + place, tl.sum(total_guide, 0), has_h)
    tl.store(out_weight + place, tl.sum(total_weight, 0), has_h)


@triton.jit
def maxima(
    feature, spatial, channel, values, index, C, P, D,
    CATEGORIES: tl.constexpr, CHANNELS: tl.constexpr,
    POSITIONS: tl.constexpr, precision: tl.constexpr,
):  # fmt: skip
    """GMP(F ⊙ (SA_c + CA_c)) of an image, some categories and channels.

    And, but for ``index`` None, the position of the first of equal maxima.
    """
    image = tl.program_id(0).to(tl.int64)
    cats, has_cat = span(tl.program_id(1), CATEGORIES, C)
    d, has_d = span(tl.program_id(2), CHANNELS, D)
    place = (image * C + cats)[:, None] * D + d
    exists = has_cat[:, None] & has_d
    ca = tl.load(channel + place, exists, 0).to(precision)
    best = tl.full((CATEGORIES, CHANNELS), float('-inf'), precision)
    where = tl.zeros((CATEGORIES, CHANNELS), tl.int32)
    for start in range(0, P, POSITIONS):
        for step in tl.static_range(POSITIONS):
            # Past the end the last one again, which changes nothing.
            p = tl.minimum(start + step, P - 1)
            f = tl.load(feature + (image * P + p) * D + d, has_d, 0)
            sa = tl.load(spatial + (image * C + cats) * P + p, has_cat, 0)
            value = f.to(precision) * (sa.to(precision)[:, None] + ca)
            where = tl.where(value > best, p, where)
            # NaN wins, as in PyTorch's maximum.
            best = tl.maximum(best, value, tl.PropagateNan.ALL)
    tl.store(values + place, best, exists)
    if index is not None:
        tl.store(index + place, where, exists)
