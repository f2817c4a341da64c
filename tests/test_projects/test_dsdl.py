"""DSDL against loops, and against the problem that it solves."""

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from programs import ROOT

from mmsrdl.deploy import ExportableModel, export_onnx
from projects.dsdl.dsdl.semantic_dictionary import (
    SemanticDictionary,
    _invert,
    ridge_projection,
)

B, C, D, E, H = 4, 5, 12, 6, 7
RIDGE, BETA = 0.3, 0.02
CONFIGS = ROOT / 'projects/dsdl/configs'


def build_head(**kwargs):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='DSDLHead',
            num_classes=C,
            in_channels=D,
            embed_dims=E,
            hidden_channels=H,
            ridge=RIDGE,
            reconstruction_weight=BETA,
            **kwargs,
        )
    )


def draw_feats():
    torch.manual_seed(1)
    return torch.randn(B, D, 2, 3), torch.randn(C, E)


def draw_samples(known=0.7):
    torch.manual_seed(2)
    target = (torch.rand(B, C) < 0.5).float()
    target[torch.rand(B, C) > known] = -1
    return target, [DataSample().set_gt_score(row) for row in target]


def leaky(x):
    return x if x > 0 else 0.2 * x


def literal_map(rows, first, second):
    """φ(rows · first) · second, number by number."""
    result = torch.zeros(len(rows), second.shape[1])
    for c, row in enumerate(rows):
        hidden = [
            leaky(sum(x * w for x, w in zip(row, column)))
            for column in first.T
        ]
        for j, column in enumerate(second.T):
            result[c, j] = sum(x * w for x, w in zip(hidden, column))
    return result


@torch.no_grad()
def test_dictionary_as_the_equations():
    layer, labels = SemanticDictionary(E, H, D), draw_feats()[1]
    words = layer.encode(labels)
    torch.testing.assert_close(
        words, literal_map(labels, layer.w_1, layer.w_2)
    )
    torch.testing.assert_close(
        layer.decode(words), literal_map(words, layer.w_2.T, layer.w_1.T)
    )


def test_scores_solve_the_ridge_problem():
    """No other coefficients reconstruct an image better at that price."""
    head, (feature, labels) = build_head().double(), draw_feats()
    feature, labels = feature.double(), labels.double()
    words = head.dictionary.encode(labels).detach()
    features = feature.flatten(2).max(2).values
    scores = head((feature, labels)).detach()
    inverse = (words @ words.T + RIDGE * torch.eye(C)).inverse()
    torch.testing.assert_close(scores, features @ (inverse @ words).T)

    def cost(scores):
        error = (scores @ words - features).square().sum(1)
        return error + RIDGE * scores.square().sum(1)

    for _ in range(20):
        other = scores + 0.1 * torch.randn_like(scores)
        assert (cost(other) > cost(scores)).all()


def test_loss_as_the_equations():
    head, feats = build_head(), draw_feats()
    target, samples = draw_samples()
    losses = head.loss(feats, samples)
    words = head.dictionary.encode(feats[1])
    back = head.dictionary.decode(words)
    scores, images = head(feats), head.pre_logits(feats)
    labels, error, size, count = 0, 0, 0, 0
    for b in range(B):
        for c in range(C):
            size += scores[b, c] ** 2
            if target[b, c] >= 0:
                p = scores[b, c].sigmoid()
                labels -= (p if target[b, c] else 1 - p).log()
                count += 1
        image = sum(scores[b, c] * words[c] for c in range(C))
        error += (image - images[b]).square().sum()
    cosine = sum(x @ y / (x.norm() * y.norm()) for x, y in zip(feats[1], back))
    cosine = cosine / C
    reconstruction = BETA * (error**0.5 + RIDGE * size**0.5)
    assert set(losses) == {'loss', 'loss_reconstruction', 'label_cosine'}
    torch.testing.assert_close(losses['loss'], labels / count / cosine)
    torch.testing.assert_close(
        losses['loss_reconstruction'], reconstruction / cosine
    )
    torch.testing.assert_close(losses['label_cosine'], cosine.detach())


def test_unknown_labels_train_the_dictionary_alone():
    """An image is reconstructed whatever it shows."""
    head, feats = build_head(), draw_feats()
    losses = head.loss(feats, draw_samples(known=0)[1])
    assert losses['loss'] == 0
    assert losses['loss_reconstruction'] > 0


@pytest.mark.parametrize('labels', ['zero', 'opposite'])
def test_loss_keeps_its_sign(labels):
    """Though the cosine that divides it may be 0 or negative."""
    head, feats = build_head(), draw_feats()
    if labels == 'zero':
        feats = (feats[0], torch.zeros(C, E))
    else:
        head.dictionary.decode = lambda words: -feats[1]
    losses = head.loss(feats, draw_samples()[1])
    assert losses.pop('label_cosine') <= 0
    assert all(0 < loss < 1000 for loss in losses.values())


def test_under_autocast():
    head, feats = build_head(), draw_feats()
    expected = head.loss(feats, draw_samples()[1])
    with torch.autocast('cpu', torch.bfloat16):
        half = (feats[0].bfloat16(), feats[1])
        scores, losses = head(half), head.loss(half, draw_samples()[1])
    torch.testing.assert_close(scores.float(), head(feats), atol=0.1, rtol=0)
    torch.testing.assert_close(losses, expected, atol=0.05, rtol=0.05)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.half])
def test_in_half_without_autocast(dtype):
    """What is solved is as exact as in float32, of the same rounded values."""
    half, feats = build_head().to(dtype), draw_feats()
    feats = tuple(each.to(dtype) for each in feats)
    wide = build_head()
    wide.load_state_dict(half.state_dict())
    exact = tuple(each.float() for each in feats)
    samples = draw_samples()[1]
    losses = half.loss(feats, samples)
    torch.testing.assert_close(losses, wide.loss(exact, samples))
    sum(losses.values()).backward()
    assert half.dictionary.w_1.grad.dtype == dtype
    projection = wide.project(exact[1]).to(dtype)
    torch.testing.assert_close(half.project(feats[1]), projection)


def test_weights_are_solved_once_in_evaluation(monkeypatch):
    """And again as soon as they change."""
    solved = []
    solve = torch.linalg.solve_ex
    monkeypatch.setattr(
        'torch.linalg.solve_ex', lambda *args: solved.append(1) or solve(*args)
    )
    head, feats = build_head().eval(), draw_feats()
    with torch.no_grad():
        before = head(feats)
        head(feats)
        assert len(solved) == 1
        head.dictionary.w_1.data *= 2
        assert (head(feats) - before).abs().max() > 1e-3
        assert len(solved) == 2


@pytest.mark.parametrize('ridge', [10, 0.1, 1e-3])
def test_inverse_of_products(ridge):
    """As exact as the solver, to condition numbers of a million."""
    torch.manual_seed(0)
    words = torch.randn(40, D)  # of rank 12 alone
    gram = words @ words.T + ridge * torch.eye(40)
    expected = gram.double().inverse()
    torch.testing.assert_close(_invert(gram), expected, rtol=1e-6, atol=0)
    exact = expected @ words.double()
    solved = ridge_projection(words, ridge).double()
    error = (_invert(gram) @ words.double() - exact).norm()
    assert error <= (solved - exact).norm()


def test_exports_the_solution():
    """The graph multiplies by it, and holds nothing else of the dictionary."""
    pytest.importorskip('onnx')
    from onnx import numpy_helper

    init_default_scope('mmpretrain')
    cfg = Config.fromfile(CONFIGS / 'dsdl_quickstart.py')
    model = MODELS.build(cfg.model).eval()
    graph = export_onnx(ExportableModel(model), torch.rand(1, 3, 32, 32)).graph
    products = [n for n in graph.node if n.op_type in ('Gemm', 'MatMul')]
    assert len(products) == 1
    assert not {'Cast', 'Eye', 'EyeLike'} & {n.op_type for n in graph.node}
    weight = {each.name: each for each in graph.initializer}[
        products[0].input[1]
    ]
    actual = torch.tensor(numpy_helper.to_array(weight))
    with torch.no_grad():
        expected = model.head.project(model.neck.label_embedding)
    if actual.shape != expected.shape:
        actual = actual.T
    torch.testing.assert_close(actual, expected, rtol=1e-3, atol=1e-5)


def test_maps_add_up_at_the_largest_features():
    """A position that holds the maximum of all channels is the logit."""
    head, (feature, labels) = build_head(), draw_feats()
    feature[..., 1, 2] = feature.amax((2, 3))
    found = head.attend((feature, labels))
    torch.testing.assert_close(found.spatial[..., 1, 2], found.logits)
    assert found.spatial.shape == (B, C, 2, 3)


def test_refuses_no_ridge():
    with pytest.raises(ValueError, match='ridge > 0, got 0'):
        MODELS.build(
            dict(type='DSDLHead', num_classes=C, in_channels=D, ridge=0)
        )
