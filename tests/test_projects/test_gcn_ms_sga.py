"""GCN-MS-SGA's graph and attention, against loops over its equations."""

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mmsrdl.structures import LabelCooccurrence
from projects.gcn_ms_sga.gcn_ms_sga import SGAHead

CLASSES = ['cat', 'dog', 'bird', 'tree', 'car']
LABELS = [[0, 1], [0, 1], [0], [0, 3], [1, 3], [3], [1], [0, 1, 3], [2, 3]]
"""Of images; no one shows a car."""
B, C, D, E, H, W = 2, 5, 7, 4, 2, 3


@pytest.fixture
def graph(tmp_path):
    """Â of the labels above, with the edges of this method."""
    path = str(tmp_path / 'cooccurrence.npz')
    LabelCooccurrence.count(LABELS, CLASSES).save(path)
    neck = MODELS.build(
        dict(
            type='CorrelationNeck',
            num_classes=C,
            classes=CLASSES,
            embed_dims=E,
            cooccurrence=path,
            share=0.4,
            reverse=True,
        )
    )
    neck.init_weights()
    return neck.adjacency


def test_graph_has_the_probabilities_of_the_sender(graph):
    """Counts over those of the column, and 0.4 for all edges into a class."""
    edge = torch.zeros(C, C, dtype=torch.float64)
    for i in range(C):
        for j in range(C):
            both = sum(i in labels and j in labels for labels in LABELS)
            shown = sum(j in labels for labels in LABELS)
            edge[i, j] = i != j and shown > 0 and both / shown >= 0.4
    a = torch.eye(C, dtype=torch.float64)
    for j in range(C):
        if edge[:, j].any():
            a[:, j] += 0.4 * edge[:, j] / edge[:, j].sum()
    d = torch.diag(a.sum(1) ** -0.5)
    torch.testing.assert_close(graph, ((a @ d).T @ d).float())
    bird, tree = CLASSES.index('bird'), CLASSES.index('tree')
    assert graph[bird, tree] > 0  # with a bird there mostly is a tree
    assert graph[tree, bird] == 0


def build():
    """A head with random statistics in its BatchNorm, in evaluation."""
    torch.manual_seed(0)
    head = SGAHead(C, D, embed_dims=E, hidden_channels=6)
    for module in head.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.weight)
            torch.nn.init.normal_(module.bias)
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return head.eval()


def draw_feats(graph):
    torch.manual_seed(1)
    return torch.randn(B, D, H, W), torch.randn(C, E), graph


def transform(block, column):
    """Convolution and BatchNorm of one position."""
    conv, norm = block
    value = conv.weight[:, :, 0, 0] @ column
    value = (value - norm.running_mean) / (norm.running_var + norm.eps).sqrt()
    return value * norm.weight + norm.bias


def describe_labels(head, words, graph):
    """Â LeakyReLU(Â E W₁) W₂."""
    first, second = (layer.weight for layer in head.gcn.layers)
    nodes = graph @ words @ first
    nodes = torch.where(nodes < 0, 0.2 * nodes, nodes)
    return graph @ nodes @ second


@torch.no_grad()
def test_scores(graph):
    head, feats = build(), draw_feats(graph)
    labels = describe_labels(head, *feats[1:])
    found = head.attend(feats)
    for b in range(B):
        for c in range(C):
            alike, maps = torch.zeros(H, W), torch.zeros(H, W)
            for y in range(H):
                for x in range(W):
                    column = feats[0][b, :, y, x]
                    position = transform(head.transform, column)
                    cosine = labels[c] @ position
                    cosine /= labels[c].norm() * position.norm()
                    alike[y, x] = max(cosine, 0)
                    maps[y, x] = transform(head.class_map, column)[c]
            z = alike / alike.sum()
            torch.testing.assert_close(found.spatial[b, c], z)
            torch.testing.assert_close(found.logits[b, c], (z * maps).sum())
            pooled = (z * feats[0][b]).sum((1, 2))
            torch.testing.assert_close(head.pre_logits(feats)[b, c], pooled)
    assert torch.equal(head(feats), found.logits)


def test_nothing_like_the_label():
    """Neither a division by zero, nor a gradient of it."""
    head = build().train()
    torch.nn.init.zeros_(head.transform[1].weight)
    torch.nn.init.zeros_(head.transform[1].bias)
    feats = draw_feats(torch.eye(C))
    found = head.attend(feats)
    assert not found.spatial.any() and not found.logits.any()
    found.logits.sum().backward()
    for parameter in head.parameters():
        assert parameter.grad.isfinite().all()


def test_loss_is_the_mean_over_the_known(graph):
    head, feats = build(), draw_feats(graph)
    target = torch.tensor([[1.0, 0, -1, 1, 0], [0, -1, -1, 0, 1]])
    samples = [DataSample().set_gt_score(row) for row in target]
    known = target >= 0
    logits = head(feats)
    expected = F.binary_cross_entropy(logits.sigmoid()[known], target[known])
    torch.testing.assert_close(head.loss(feats, samples), dict(loss=expected))
