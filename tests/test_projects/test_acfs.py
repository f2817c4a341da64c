"""ACfs's losses against loops over the formulas, its views, its ratios."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmpretrain.registry import HOOKS, MODELS
from mmpretrain.structures import DataSample
from ranks import run_ranks

from projects.acfs.acfs.consistency import flip_distance, scale_distance

B, C, D = 2, 3, 32
TARGET = torch.tensor([[1.0, 0, -1], [0, 1, 1]])


def as_samples(target=TARGET):
    return [DataSample().set_gt_score(row) for row in target]


def build_head(**options):
    torch.manual_seed(0)
    head = MODELS.build(
        dict(type='ACfsHead', num_classes=C, in_channels=D, **options)
    )
    torch.nn.init.normal_(head.fc.weight)
    torch.nn.init.normal_(head.fc.bias)
    return head


def draw_feats():
    """Of images and their mirror images, at two scales."""
    torch.manual_seed(1)
    return torch.randn(2 * B, D, 3, 4), torch.randn(2 * B, D, 2, 3)


def build_model(**options):
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='ACfsClassifier',
            backbone=dict(
                type='ResNet', depth=18, stem_channels=8, base_channels=4
            ),
            head=dict(type='ACfsHead', num_classes=C, in_channels=D),
            **options,
        )
    )
    torch.nn.init.normal_(model.head.fc.weight)
    return model.eval()


def flip_by_hand(maps):
    """Mean over images, labels and positions, (2 B, C, h, w)."""
    total = 0
    _, _, height, width = maps.shape
    for b in range(B):
        for c in range(C):
            for y in range(height):
                for x in range(width):
                    mirrored = maps[B + b, c, y, width - 1 - x]
                    total += (maps[b, c, y, x] - mirrored) ** 2
    return total / (B * C * height * width)


def scale_by_hand(large, small):
    """Mean over the area, each pair of cells by what it shares of it."""

    def shared(i, m, j, n):
        """Of cell i of m and cell j of n, on a line of length 1."""
        return max(0, min((i + 1) / m, (j + 1) / n) - max(i / m, j / n))

    total = 0
    h, w = large.shape[2:]
    k, v = small.shape[2:]
    for y in range(h):
        for x in range(w):
            for j in range(k):
                for i in range(v):
                    area = shared(y, h, j, k) * shared(x, w, i, v)
                    apart = large[:, :, y, x] - small[:, :, j, i]
                    total += area * (apart**2).mean()
    return total


def heat_by_hand(head, feature):
    maps = torch.zeros(len(feature), C, *feature.shape[2:])
    for c in range(C):
        for k in range(D):
            maps[:, c] += head.fc.weight[c, k] * feature[:, k]
    return maps


def test_distances():
    torch.manual_seed(0)
    large, small = torch.randn(2 * B, C, 3, 4), torch.randn(2 * B, C, 2, 3)
    torch.testing.assert_close(flip_distance(large), flip_by_hand(large))
    expected = scale_by_hand(large, small)
    torch.testing.assert_close(scale_distance(large, small), expected)
    assert scale_distance(large, large) == 0
    mirrored = torch.cat([large, large.flip(3)])
    assert flip_distance(mirrored) == 0


def test_cells_are_cut_whole():
    """Also where a division would round."""
    ones = torch.arange(14.0).expand(1, 1, 14, 14)
    halves = torch.arange(14.0).repeat_interleave(3).expand(1, 1, 42, 42)
    assert scale_distance(ones, halves) == 0


def test_sizes_without_a_common_divisor():
    """Their least common multiple has 10^12 cells."""
    ramp = torch.arange(1009.0).expand(1, 1, 1001, 1009)
    flat = torch.full((1, 1, 1009, 1001), 504.0)
    expected = (1009**2 - 1) / 12  # the variance of the ramp
    assert scale_distance(ramp, flat).item() == pytest.approx(expected)


@torch.no_grad()
def test_losses_follow_the_formulas():
    head, feats = build_head(), draw_feats()
    head.positive_ratio.copy_(torch.tensor([0.1, 0.5, 0.7]))
    losses = head.loss(feats, as_samples())
    assert set(losses) == {'loss_labels', 'loss_flip', 'loss_scale'}

    labels = 0
    for feature in feats:
        for i, one in enumerate(feature):
            score = head.fc(one.mean((1, 2))).sigmoid()
            for c in range(C):
                y, r = TARGET[i % B, c], head.positive_ratio[c]
                if y == 1:
                    labels -= math.exp(1 - r) * score[c].log()
                elif y == 0:
                    labels -= math.exp(r) * (1 - score[c]).log()
    torch.testing.assert_close(losses['loss_labels'], labels / (4 * B))

    large, small = (heat_by_hand(head, feature) for feature in feats)
    flip = 0.6 * (flip_by_hand(large) + flip_by_hand(small))
    torch.testing.assert_close(losses['loss_flip'], flip)
    scale = 0.8 * scale_by_hand(large, small)
    torch.testing.assert_close(losses['loss_scale'], scale)


def test_unknown_labels_do_not_train():
    unknown = torch.full((B, C), -1.0)
    losses = build_head().loss(draw_feats(), as_samples(unknown))
    assert losses['loss_labels'] == 0


def test_consistency_leaves_the_classifier_alone():
    head = build_head()
    feats = [feature.requires_grad_() for feature in draw_feats()]
    losses = head.loss(tuple(feats), as_samples())
    (losses['loss_flip'] + losses['loss_scale']).backward(retain_graph=True)
    assert head.fc.weight.grad is None and head.fc.bias.grad is None
    for feature in feats:
        assert feature.grad.any()
    losses['loss_labels'].backward()
    assert head.fc.weight.grad.any()


@torch.no_grad()
def test_views_one_by_one():
    """The image, its mirror image, and both of the smaller image."""
    torch.manual_seed(1)
    images = torch.rand(B, 3, 96, 64)
    model = build_model(scale=2 / 3)
    small = F.interpolate(images, (64, 43), mode='bilinear', antialias=True)
    feats = tuple(
        torch.cat(
            [
                model.backbone(image[None].flip(3) if flip else image[None])[0]
                for flip in (False, True)
                for image in views
            ]
        )
        for views in (images, small)
    )
    expected = model.head.loss(feats, as_samples())
    losses = model.loss(images, as_samples())
    for name in expected:
        torch.testing.assert_close(losses[name], expected[name])


@torch.no_grad()
def test_inference_takes_one_pass():
    calls = []
    model = build_model()
    model.backbone.register_forward_hook(lambda *_: calls.append(1))
    images = torch.rand(B, 3, 64, 64)
    scores = model(images)
    assert len(calls) == 1
    feature = model.backbone(images)[0]
    expected = model.head.fc(feature.mean((2, 3)))
    torch.testing.assert_close(scores, expected)
    found = model.head.attend((feature,))
    torch.testing.assert_close(found.logits, expected)
    expected = heat_by_hand(model.head, feature)
    torch.testing.assert_close(found.spatial, expected)


@pytest.mark.parametrize('scale', [0, 1, 1.5])
def test_wrong_scale(scale):
    with pytest.raises(ValueError, match='0 < scale < 1'):
        build_model(scale=scale)


class Entries:
    """A data set of nothing but labels."""

    metainfo = dict(classes=['a', 'b', 'c'])

    def __init__(self, *entries):
        self.entries = entries

    def __len__(self):
        return len(self.entries)

    def get_data_info(self, idx):
        return self.entries[idx]


def count(dataset, model):
    """Let the hook set the ratios of a model before it trains on a set."""
    loader = SimpleNamespace(dataset=dataset)
    runner = SimpleNamespace(model=model, train_dataloader=loader)
    HOOKS.build(dict(type='PositiveRatioHook')).before_train(runner)


def test_ratios_are_counted_over_what_is_known():
    model = build_model()
    assert (model.head.positive_ratio == 0.5).all()
    count(
        Entries(dict(gt_label=[0, 1]), dict(gt_label=[0]), dict(gt_label=[])),
        torch.nn.Sequential(model),  # a wrapper
    )
    expected = torch.tensor([2 / 3, 1 / 3, 0])
    torch.testing.assert_close(model.head.positive_ratio, expected)
    assert 'head.positive_ratio' in model.state_dict()
    scores = [[1, -1, 0], [0, 1, -1], [0.5, 0, -1]]
    count(Entries(*(dict(gt_score=np.array(s)) for s in scores)), model)
    expected = torch.tensor([0.5, 0.5, 0])
    torch.testing.assert_close(model.head.positive_ratio, expected)


def count_on_ranks(rank, folder):
    """Only rank 0 has entries to read."""
    model = torch.nn.Sequential(build_head())
    entries = dict(gt_label=[0, 1]), dict(gt_label=[0])
    count(Entries(*entries) if rank == 0 else Unread(*entries), model)
    return model[0].positive_ratio


class Unread(Entries):
    """A data set of which a rank is not to read the entries."""

    def get_data_info(self, idx):
        raise AssertionError('this rank counted, too')


def test_rank_0_counts_for_all(tmp_path):
    for ratio in run_ranks(count_on_ranks, tmp_path):
        assert ratio.tolist() == [1, 0.5, 0]


def test_hook_tells_what_does_not_fit():
    with pytest.raises(ValueError, match='found no ACfsHead'):
        count(Entries(), torch.nn.Linear(1, 1))
    dataset = Entries()
    dataset.metainfo = dict(classes=['a', 'b'])
    with pytest.raises(ValueError, match='num_classes=3, but .* 2 classes'):
        count(dataset, build_model())
