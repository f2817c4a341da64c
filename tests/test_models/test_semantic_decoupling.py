"""Semantic decoupling against loops over images, labels and positions."""

import pytest
import torch

from mmsrdl.models.layers import SemanticDecoupling

B, C, P, D, E, H = 2, 5, 6, 8, 7, 4


def inputs():
    torch.manual_seed(0)
    return torch.randn(B, P, D), torch.randn(C, E)


def literal(layer, positions, labels):
    features, attention = torch.zeros(B, C, D), torch.zeros(B, C, P)
    for b in range(B):
        for c in range(C):
            logits = []
            for p in range(P):
                product = layer.w_1(positions[b, p]) * layer.w_2(labels[c])
                logits.append(layer.w(layer.w_3(product.tanh())))
            attention[b, c] = torch.cat(logits).softmax(0)
            for p in range(P):
                features[b, c] += attention[b, c, p] * positions[b, p]
    return features, attention


def test_as_the_equations():
    """Values, and the gradients of all weights."""
    positions, labels = inputs()
    layer = SemanticDecoupling(D, E, H)
    for weight in layer.parameters():
        torch.nn.init.normal_(weight)
    gradients = []
    for compute in (layer, lambda *args: literal(layer, *args)):
        outputs = compute(positions, labels)
        loss = sum((output**3).sum() for output in outputs)
        weights = list(layer.parameters())
        gradients.append([*outputs, *torch.autograd.grad(loss, weights)])
    for actual, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-4)
    assert gradients[0][1].std() > 0.01


def test_keeps_nothing_of_categories_times_positions_times_channels():
    positions, labels = inputs()
    sizes = []

    def keep(tensor):
        sizes.append(tensor.numel())
        return tensor

    layer = SemanticDecoupling(D, E, H)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        layer(positions.requires_grad_(), labels)
    assert max(sizes) < B * C * P * H


def test_under_autocast():
    positions, labels = inputs()
    layer = SemanticDecoupling(D, E, H)
    expected = layer(positions, labels)
    with torch.autocast('cpu', torch.bfloat16):
        actual = layer(positions, labels)
    torch.testing.assert_close(
        [x.float() for x in actual], list(expected), rtol=0.05, atol=0.05
    )


@pytest.mark.parametrize('shape', [(C, E + 1), (B, E, 3, 3), None])
def test_labels_need_embeddings_of_the_width(shape):
    """As of a missing neck, a wrong one, or other embed_dims."""
    positions, _ = inputs()
    labels = None if shape is None else torch.zeros(shape)
    with pytest.raises(ValueError, match=r'\(C, 7\).*Check the neck') as told:
        SemanticDecoupling(D, E, H)(positions, labels)
    assert f'got {shape or "none"}' in str(told.value)
