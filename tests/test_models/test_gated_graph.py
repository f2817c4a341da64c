"""The gated graph network against a loop over nodes."""

import pytest
import torch

from mmsrdl.models.layers import GatedGraph

B, C, D, OUT = 2, 4, 6, 5


def build(**kwargs):
    torch.manual_seed(0)
    graph = GatedGraph(D, OUT, **kwargs)
    for parameter in graph.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return graph, torch.randn(B, C, D), torch.rand(B, C, C)


def literal(graph, nodes, adjacency, num_steps):
    """One image, node after node."""
    states = list(nodes)
    for _ in range(num_steps):
        following = []
        for i, h in enumerate(states):
            incoming = sum(adjacency[i, j] * states[j] for j in range(C))
            outgoing = sum(adjacency[j, i] * states[j] for j in range(C))
            a = torch.cat([incoming, outgoing])
            z = (graph.w_z(a) + graph.u_z(h)).sigmoid()
            # A gate of its own: SSGRL's code takes U_n where U_r belongs.
            r = (graph.w_r(a) + graph.u_r(h)).sigmoid()
            n = (graph.w_n(a) + graph.u_n(r * h)).tanh()
            following.append((1 - z) * h + z * n)
        states = following
    return torch.stack(
        [
            graph.w_o(torch.cat([h, h_0])).tanh()
            for h, h_0 in zip(states, nodes, strict=True)
        ]
    )


@pytest.mark.parametrize('num_steps', [1, 3])
def test_as_the_equations(num_steps):
    graph, nodes, adjacency = build(num_steps=num_steps)
    expected = [
        literal(graph, *each, num_steps)
        for each in zip(nodes, adjacency, strict=True)
    ]
    torch.testing.assert_close(
        graph(nodes, adjacency), torch.stack(expected), rtol=1e-4, atol=1e-5
    )


def test_one_adjacency_for_all_images():
    graph, nodes, adjacency = build()
    torch.testing.assert_close(
        graph(nodes, adjacency[0]),
        graph(nodes, adjacency[:1].expand(B, -1, -1)),
    )


def test_every_weight_has_a_gradient():
    graph, nodes, adjacency = build()
    graph(nodes, adjacency).sum().backward()
    for name, parameter in graph.named_parameters():
        assert parameter.grad.any(), name


def test_refuses_no_step():
    with pytest.raises(ValueError, match='num_steps >= 1, got 0'):
        GatedGraph(D, num_steps=0)
