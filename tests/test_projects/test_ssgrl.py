"""SSGRL's layer against loops over its equations, and SD in CAR's place."""

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from programs import ROOT

from mmsrdl.structures import LabelCooccurrence
from projects.ssgrl.ssgrl import SemanticGraph

B, C, D, E, H, O, P = 2, 4, 5, 3, 6, 7, 6  # noqa: E741
CLASSES = ['cat', 'dog', 'bird', 'car']


def build_layer():
    torch.manual_seed(0)
    return SemanticGraph(D, O, embed_dims=E, hidden_channels=H).double()


def draw(seed=1):
    """Positions, word vectors and P(j|i); no image shows the last class."""
    torch.manual_seed(seed)
    labels = [[0, 1], [0, 1, 2], [0], [1, 2], [2]]
    conditional = LabelCooccurrence.count(labels, CLASSES).conditional()
    positions = torch.randn(B, P, D).double()
    words = torch.randn(C, E).double()
    return positions, words, torch.from_numpy(conditional)


def decouple_by_hand(layer, positions, words):
    """SD with the constants of the paper, which the softmax removes."""
    sd = layer.decoupling
    b_3, b_a = torch.randn(H).double(), torch.randn(1).double()
    features, attention = [], []
    for image in positions:
        for word in words:
            v = sd.w_2.weight @ word
            logits = []
            for position in image:
                t = torch.tanh((sd.w_1.weight @ position) * v)
                a = sd.w.weight[0] @ (sd.w_3.weight @ t + b_3) + b_a
                logits.append(a)
            share = torch.cat(logits).exp()
            share = share / share.sum()
            attention.append(share)
            features.append(sum(a * f for a, f in zip(share, image)))
    return (
        torch.stack(features).view(B, C, D),
        torch.stack(attention).view(B, C, P),
    )


def propagate_by_hand(graph, nodes, edges):
    """GGNN node by node, each map with weights of its own."""

    def apply(linear, value):
        return linear.weight @ value + linear.bias

    outputs = []
    for image in nodes:
        h = list(image)
        for _ in range(3):
            new = []
            for i in range(C):
                a = torch.cat(
                    [
                        sum(edges[i, j] * h[j] for j in range(C)),
                        sum(edges[j, i] * h[j] for j in range(C)),
                    ]
                )
                z = (apply(graph.w_z, a) + apply(graph.u_z, h[i])).sigmoid()
                r = (apply(graph.w_r, a) + apply(graph.u_r, h[i])).sigmoid()
                n = apply(graph.w_n, a) + apply(graph.u_n, r * h[i])
                new.append((1 - z) * h[i] + z * n.tanh())
            h = new
        for i in range(C):
            o = apply(graph.w_o, torch.cat([h[i], image[i]])).tanh()
            outputs.append(o)
    return torch.stack(outputs).view(B, C, O)


def test_equals_the_equations():
    layer, (positions, words, edges) = build_layer(), draw()
    with torch.no_grad():
        features, attention = layer(positions, words, edges)
        nodes, share = decouple_by_hand(layer, positions, words)
        expected = propagate_by_hand(layer.graph, nodes, edges)
    torch.testing.assert_close(attention, share)
    torch.testing.assert_close(features, expected)


def test_a_class_never_seen():
    """It hears nothing, tells nothing, and leaves no NaN."""
    layer, (positions, words, edges) = build_layer(), draw()
    assert not edges[3].any()
    assert not edges[:, 3].any()
    features, _ = layer(positions, words, edges)
    features.sum().backward()
    assert features.isfinite().all()
    for name, parameter in layer.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name
    with torch.no_grad():
        changed = words.clone()
        changed[3] += 1
        others, _ = layer(positions, changed, edges)
    torch.testing.assert_close(others[:, :3], features[:, :3].detach())
    assert not torch.allclose(others[:, 3], features[:, 3].detach())


def test_labels_hear_of_each_other():
    layer, (positions, words, edges) = build_layer(), draw()
    with torch.no_grad():
        before, _ = layer(positions, words, edges)
        words[1] += 1
        after, _ = layer(positions, words, edges)
    assert not torch.allclose(before[:, 0], after[:, 0])


def test_missing_or_wrong_neck_is_told():
    layer, (positions, words, _) = build_layer(), draw()
    with pytest.raises(ValueError, match='Check the neck'):
        layer(positions)
    with pytest.raises(ValueError, match='CooccurrenceNeck gives'):
        layer(positions, words)


@pytest.mark.parametrize(('name', 'count'), [('coco', 80), ('voc07', 20)])
def test_sd_takes_the_place_of_car(name, count):
    """By config alone: data, schedule and network are those of SRDL."""
    init_default_scope('mmpretrain')
    folder = ROOT / 'configs/srdl'
    cfg = Config.fromfile(folder / f'ablations/sd_r101_{name}.py')
    srdl = Config.fromfile(folder / f'srdl_r101_{name}.py')
    for key in srdl.keys() - {'model', 'custom_hooks'}:
        assert cfg[key] == srdl[key], key
    assert cfg.model.backbone == srdl.model.backbone
    model = MODELS.build(cfg.model)
    layer = model.head.layer
    assert type(layer).__name__ == 'SemanticDecoupling'
    assert layer.w_3.weight.shape == (1024, 1024)
    with torch.no_grad():
        feats = torch.rand(1, 2048, 3, 3), torch.rand(count, 300)
        found = model.head.attend(feats)
    assert found.logits.shape == (1, count)
    torch.testing.assert_close(found.spatial.sum((2, 3)), torch.ones(1, count))
    sample = DataSample().set_gt_label([0])
    assert model.head.loss(feats, [sample])['loss'].isfinite()
