"""The graph of ML-GCN and of GCN-MS-SGA, against loops over its definition."""

import pytest
import torch
from mmpretrain.registry import MODELS

from mmsrdl.models.necks import correlation_neck
from mmsrdl.structures import LabelCooccurrence

CLASSES = ['cat', 'dog', 'bird', 'tree', 'car']
LABELS = [[0, 1], [0, 1], [0], [0, 3], [1, 3], [3], [1], [0, 1, 3], [2, 3]]
"""Of images; no one shows a car."""
C, E = 5, 4


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


def normalised_by_hand(threshold, share, reverse):
    """Â, entry by entry, of the labels above."""
    shown = [sum(c in labels for labels in LABELS) for c in range(C)]
    edge = torch.zeros(C, C, dtype=torch.float64)
    for i in range(C):
        for j in range(C):
            both = sum(i in labels and j in labels for labels in LABELS)
            given = shown[j if reverse else i]
            if i != j and given and both / given >= threshold:
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


@pytest.mark.parametrize('reverse', [False, True])
@pytest.mark.parametrize('share', [0.25, 0.4])
@pytest.mark.parametrize('threshold', [0.2, 0.4, 0.6, 1.0])
def test_graph(file, threshold, share, reverse):
    options = dict(threshold=threshold, share=share, reverse=reverse)
    neck = build_neck(file, **options)
    expected = normalised_by_hand(**options)
    torch.testing.assert_close(neck.adjacency, expected)
    assert not list(neck.parameters())


def test_graph_is_not_symmetric(file):
    """A bird tells of trees, not a tree of birds, and rows sum to no 1."""
    graph = build_neck(file).adjacency
    bird, tree = CLASSES.index('bird'), CLASSES.index('tree')
    assert graph[tree, bird] > 0
    assert graph[bird, tree] == 0
    assert (graph.sum(1) - 1).abs().max() > 0.05


def test_reversed_edges_have_the_probabilities_of_the_sender(file):
    """With a bird there mostly is a tree, which the bird then hears of."""
    graph = build_neck(file, share=0.4, reverse=True).adjacency
    bird, tree = CLASSES.index('bird'), CLASSES.index('tree')
    assert graph[bird, tree] > 0
    assert graph[tree, bird] == 0


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
