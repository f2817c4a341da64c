"""ADD-GCN against loops over images and labels."""

import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

from projects.add_gcn.add_gcn.dynamic_graph import DynamicGraph

B, C, D, H = 3, 5, 8, 6


def leaky(x):
    return torch.where(x > 0, x, 0.2 * x)


def literal(graph, nodes):
    """Edges and messages of each image, label after label."""
    static = torch.stack(
        [
            torch.stack(
                [
                    v
                    + leaky(
                        graph.w_s(
                            leaky(sum(a * u for a, u in zip(row, image)))
                        )
                    )
                    for v, row in zip(image, graph.a_s, strict=True)
                ]
            )
            for image in nodes
        ]
    )
    pooled = graph.w_g(sum(static[:, c] for c in range(C)) / C)
    if graph.training:
        mean, var = pooled.mean(0), pooled.var(0, unbiased=False)
    else:
        mean, var = graph.norm.running_mean, graph.norm.running_var
    g = (pooled - mean) / (var + graph.norm.eps).sqrt()
    g = leaky(g * graph.norm.weight + graph.norm.bias)
    edges, messages = torch.zeros(B, C, C), []
    for b in range(B):
        for i in range(C):
            pair = torch.cat([g[b], static[b, i]])
            row = [
                graph.w_a.weight[j] @ pair + graph.w_a.bias[j]
                for j in range(C)
            ]
            edges[b, i] = torch.stack(row).sigmoid()
            message = sum(edges[b, i, j] * static[b, j] for j in range(C))
            messages.append(leaky(graph.w_d(leaky(message))))
    return static, edges, torch.stack(messages).unflatten(0, (B, C))


@pytest.mark.parametrize('training', [True, False])
def test_graph_as_the_equations(training):
    torch.manual_seed(0)
    graph = DynamicGraph(C, D).train(training)
    for parameter in graph.parameters():
        nn.init.normal_(parameter, std=0.5)
    nodes = torch.randn(B, C, D)
    with torch.no_grad():
        graph.norm.running_mean.normal_()
        static, edges, expected = literal(graph, nodes)
        torch.testing.assert_close(
            graph.connect(static), edges, rtol=1e-4, atol=1e-5
        )
        torch.testing.assert_close(
            graph(nodes), expected, rtol=1e-4, atol=1e-5
        )
    assert (edges - edges.transpose(1, 2)).abs().max() > 0.1
    assert (edges[0] - edges[1]).abs().max() > 0.1


def build_head():
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='ADDGCNHead', num_classes=C, in_channels=D, hidden_channels=H
        )
    )


def test_head_as_the_equations():
    head, feature = build_head().eval(), torch.randn(B, D, 2, 3)
    found = head.attend((feature,))
    for b in range(B):
        positions = feature[b].flatten(1).T
        scores = positions @ head.layer.scorer.weight.T  # (P, C)
        v = scores.sigmoid().T @ head.layer.transform(positions)
        z = v + head.graph(v[None])[0]
        # The classifier of all labels on all labels, of which the diagonal.
        s_r = (z @ head.fc.weight.T + head.fc.bias).diagonal()
        expected = (scores.max(0).values + s_r) / 2
        torch.testing.assert_close(found.logits[b], expected)
        torch.testing.assert_close(found.features[b], z)
        maps = scores.sigmoid().T.view(C, 2, 3)
        torch.testing.assert_close(found.spatial[b], maps)
    assert torch.equal(head((feature,)), found.logits)


def test_does_not_train_on_one_image():
    head, feature = build_head(), torch.randn(1, D, 2, 3)
    head.eval()((feature,))
    with pytest.raises(ValueError, match='batch of 1: set .*drop_last'):
        head.train()((feature,))
