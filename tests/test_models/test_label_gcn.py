"""ML-GCN's graph network, against loops over its equation."""

import math

import pytest
import torch

from mmsrdl.models.layers import LabelGCN

C, E, H, D = 5, 4, 6, 7


def build():
    torch.manual_seed(0)
    return LabelGCN(E, H, D)


def draw_inputs():
    torch.manual_seed(1)
    return torch.randn(C, E), torch.rand(C, C)


@torch.no_grad()
def test_features_follow_the_equation():
    """Z = Â LeakyReLU(Â E W₁) W₂."""
    gcn, (nodes, graph) = build(), draw_inputs()
    expected = nodes
    for number, layer in enumerate(gcn.layers):
        width = layer.weight.shape[1]
        out = torch.zeros(C, width)
        for i in range(C):
            for k in range(width):
                for j in range(C):
                    message = expected[j] @ layer.weight[:, k]
                    out[i, k] += graph[i, j] * message
                if number == 0 and out[i, k] < 0:
                    out[i, k] *= 0.2
        expected = out
    torch.testing.assert_close(gcn(nodes, graph), expected)


def test_features_are_never_stale():
    gcn, inputs = build().eval(), draw_inputs()
    with torch.no_grad():
        before = gcn(*inputs)
        assert torch.equal(gcn(*inputs), before)
        gcn.layers[0].weight.data.mul_(2)
        assert not torch.equal(gcn(*inputs), before)


def test_start():
    gcn = LabelGCN(300, 1024, 2048)
    shapes = [tuple(layer.weight.shape) for layer in gcn.layers]
    assert shapes == [(300, 1024), (1024, 2048)]
    for layer in gcn.layers:
        bound = layer.weight.shape[1] ** -0.5
        largest = layer.weight.abs().max().item()
        assert 0.99 * bound < largest <= bound
        std = layer.weight.std().item()
        assert std == pytest.approx(bound / math.sqrt(3), rel=0.01)
