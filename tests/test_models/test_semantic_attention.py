"""Semantic attention against loops over images, labels and positions."""

import torch

from mmsrdl.models.layers import SemanticAttention

B, C, P, D, OUT = 2, 5, 6, 8, 7


def build():
    torch.manual_seed(0)
    return SemanticAttention(C, D, OUT), torch.randn(B, P, D)


def literal(layer, positions):
    features, attention = torch.zeros(B, C, OUT), torch.zeros(B, C, P)
    for b in range(B):
        for c in range(C):
            for p in range(P):
                score = layer.scorer.weight[c] @ positions[b, p]
                weight = 1 / (1 + (-score).exp())
                attention[b, c, p] = weight
                features[b, c] += weight * (
                    layer.transform.weight @ positions[b, p]
                    + layer.transform.bias
                )
    return features, attention


def test_as_the_equations():
    """Values, and the gradients of all weights."""
    layer, positions = build()
    results = []
    for compute in (layer, lambda positions: literal(layer, positions)):
        outputs = compute(positions)
        loss = sum((output**3).sum() for output in outputs)
        weights = list(layer.parameters())
        results.append([*outputs, *torch.autograd.grad(loss, weights)])
    for actual, expected in zip(*results, strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-4)
    assert results[0][1].std() > 0.01


def test_sums_the_positions():
    """So every position twice is twice the features."""
    layer, positions = build()
    once, _ = layer(positions)
    twice, _ = layer(positions.repeat(1, 2, 1))
    torch.testing.assert_close(twice, 2 * once)


def test_the_attention_is_that_of_the_scores():
    layer, positions = build()
    scores = layer.score(positions)
    assert scores.shape == (B, C, P)
    torch.testing.assert_close(layer(positions)[1], scores.sigmoid())
