"""ML-GCN's graph and classifiers, against loops over its equations."""

import math

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mmsrdl.models.necks import correlation_neck
from mmsrdl.structures import LabelCooccurrence
from projects.ml_gcn.ml_gcn import MLGCNHead

CLASSES = ['cat', 'dog', 'bird', 'tree', 'car']
LABELS = [[0, 1], [0, 1], [0], [0, 3], [1, 3], [3], [1], [0, 1, 3], [2, 3]]
"""Of images; no one shows a car."""
B, C, D, E = 3, 5, 7, 4


@pytest.fixture
def file(tmp_path):
    path = str(tmp_path / 'cooccurrence.npz')
    LabelCooccurrence.count(LABELS, CLASSES).save(path)
    return path


def build_neck(cooccurrence, classes=CLASSES, count=C, **kwargs):
    neck = MODELS.build(
        dict(
            type='CorrelationNeck',
            num_classes=count,
            classes=classes,
            embed_dims=E,
            label_embedding='random',
            cooccurrence=cooccurrence,
            **kwargs,
        )
    )
    neck.init_weights()
    return neck


def normalised_by_hand(threshold, share):
    """Â, entry by entry, of the labels above."""
    shown = [sum(c in labels for labels in LABELS) for c in range(C)]
    edge = torch.zeros(C, C, dtype=torch.float64)
    for i in range(C):
        for j in range(C):
            both = sum(i in labels and j in labels for labels in LABELS)
            if i != j and shown[i] and both / shown[i] >= threshold:
                edge[i, j] = 1
    a = torch.zeros_like(edge)
    for j in range(C):
        into = edge[:, j].sum()
        for i in range(C):
            a[i, j] = share * edge[i, j] / into if into else 0
        a[j, j] = 1
    d = [a[i].sum() ** -0.5 for i in range(C)]
    ad = torch.stack([a[:, j] * d[j] for j in range(C)], 1)
    return torch.stack([ad.T[:, j] * d[j] for j in range(C)], 1).float()


@pytest.mark.parametrize('share', [0.25, 0.4])
@pytest.mark.parametrize('threshold', [0.2, 0.4, 0.6, 1.0])
def test_graph(file, threshold, share):
    neck = build_neck(file, threshold=threshold, share=share)
    expected = normalised_by_hand(threshold, share)
    torch.testing.assert_close(neck.adjacency, expected)
    assert not list(neck.parameters())


def test_graph_is_not_symmetric(file):
    """A bird tells of trees, not a tree of birds, and rows sum to no 1."""
    graph = build_neck(file).adjacency
    bird, tree = CLASSES.index('bird'), CLASSES.index('tree')
    assert graph[tree, bird] > 0
    assert graph[bird, tree] == 0
    assert (graph.sum(1) - 1).abs().max() > 0.05


def test_graph_follows_the_order_of_the_classes(file):
    order = [3, 0, 4, 2, 1]
    graph = build_neck(file).adjacency
    permuted = build_neck(file, [CLASSES[i] for i in order]).adjacency
    assert torch.equal(permuted, graph[order][:, order])


def test_log_tells_how_many_hear_of_nothing(file, monkeypatch):
    lines = []
    monkeypatch.setattr(
        correlation_neck, 'print_log', lambda line, **_: lines.append(line)
    )
    graph = build_neck(file, threshold=0.6).adjacency
    alone = sum(int(row.count_nonzero() == 1) for row in graph)
    assert alone == 2  # cats hear of dogs, dogs of cats, trees of birds
    edges = graph.count_nonzero() - C
    (line,) = lines
    assert f'{edges} edges' in line
    assert f'{alone} of 5 classes receive no message' in line


def test_voc_2007_has_few_edges(data_root):
    """As the authors' file of counts: 6, and 13 at a lower threshold."""
    dataset = dict(
        type='VOCMultiLabel',
        data_root=str(data_root / 'voc2007'),
        split='trainval',
        check_images=False,
        pipeline=[],
    )
    neck = build_neck(dataset, 'voc', 20)
    linked = neck.adjacency > 0
    assert linked.sum() - 20 == 6
    assert (linked.sum(1) == 1).sum() == 18
    neck.threshold = 0.3
    linked = neck.make_adjacency(neck.load_cooccurrence()) > 0
    assert linked.sum() - 20 == 13


@pytest.mark.parametrize('kwargs', [dict(threshold=0), dict(share=-1)])
def test_bad_options(file, kwargs):
    with pytest.raises(ValueError, match='0 < threshold <= 1 and share > 0'):
        build_neck(file, **kwargs)


def test_counts_are_required():
    with pytest.raises(ValueError, match='CorrelationNeck needs to know'):
        build_neck(None)


def build_head():
    torch.manual_seed(0)
    return MLGCNHead(C, D, embed_dims=E, hidden_channels=6)


def draw_feats():
    torch.manual_seed(1)
    return torch.randn(B, D, 2, 3), torch.randn(C, E), torch.rand(C, C)


def classifiers_by_hand(head, words, graph):
    """Â LeakyReLU(Â E W₁) W₂, in loops."""
    nodes = words
    for number, layer in enumerate(head.gcn.layers):
        width = layer.weight.shape[1]
        out = torch.zeros(C, width)
        for i in range(C):
            for k in range(width):
                for j in range(C):
                    out[i, k] += graph[i, j] * nodes[j] @ layer.weight[:, k]
                if number == 0 and out[i, k] < 0:
                    out[i, k] *= 0.2
        nodes = out
    return nodes


def test_scores():
    head, (feature, words, graph) = build_head(), draw_feats()
    with torch.no_grad():
        z = classifiers_by_hand(head, words, graph)
        logits = head((feature, words, graph))
        found = head.attend((feature, words, graph))
    for b in range(B):
        pooled = torch.tensor([feature[b, d].max() for d in range(D)])
        for c in range(C):
            torch.testing.assert_close(logits[b, c], z[c] @ pooled)
            for y in range(2):
                for x in range(3):
                    score = z[c] @ feature[b, :, y, x]
                    torch.testing.assert_close(
                        found.spatial[b, c, y, x], score
                    )
    assert torch.equal(found.logits, logits)


def test_classifiers_are_never_stale():
    head, feats = build_head().eval(), draw_feats()
    with torch.no_grad():
        before = head(feats)
        assert torch.equal(head(feats), before)
        head.gcn.layers[0].weight.data.mul_(2)
        assert not torch.equal(head(feats), before)


def test_start():
    head = MLGCNHead(20, 2048)
    shapes = [tuple(layer.weight.shape) for layer in head.gcn.layers]
    assert shapes == [(300, 1024), (1024, 2048)]
    for layer in head.gcn.layers:
        bound = layer.weight.shape[1] ** -0.5
        largest = layer.weight.abs().max().item()
        assert 0.99 * bound < largest <= bound
        std = layer.weight.std().item()
        assert std == pytest.approx(bound / math.sqrt(3), rel=0.01)


def test_loss_is_the_soft_margin_of_the_known():
    head, feats = build_head(), draw_feats()
    target = torch.tensor([[1.0, 0, 0, 1, 0]] * B)
    target[:, 2] = -1
    samples = [DataSample().set_gt_score(row) for row in target]
    losses = head.loss(feats, samples)
    known = [0, 1, 3, 4]
    expected = torch.nn.functional.multilabel_soft_margin_loss(
        head(feats)[:, known], target[:, known]
    )
    torch.testing.assert_close(losses, dict(loss=expected))
