"""SRN's three scores against loops over the formulas, and its stages."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from programs import ROOT

from projects.srn.srn.srn_head import STAGES

B, C, BEFORE, AFTER, HIDDEN, KERNELS = 2, 3, 6, 8, 4, 2
H, W = 4, 5
TARGET = torch.tensor([[1.0, 0, -1], [0, 1, 1]])


def build(stage='joint', **options):
    """A head with random statistics in its BatchNorm, in evaluation."""
    torch.manual_seed(0)
    head = MODELS.build(
        dict(
            type='SRNHead',
            num_classes=C,
            in_channels=(BEFORE, AFTER),
            map_size=(H, W),
            hidden_channels=HIDDEN,
            num_kernels=KERNELS,
            stage=stage,
            **options,
        )
    )
    for module in head.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2)
    return head.eval()


def draw_feats():
    torch.manual_seed(1)
    return torch.randn(B, BEFORE, H, W), torch.randn(B, AFTER, 2, 3)


def as_samples(target=TARGET):
    return [DataSample().set_gt_score(row) for row in target]


def classify(head, feature):
    """y_cls of one image."""
    pooled = [channel.sum() / channel.numel() for channel in feature]
    return head.fc.weight @ torch.stack(pooled) + head.fc.bias


def attend(head, feature):
    """A and S of one image, position by position."""
    first, _, second, _, third = head.attention
    maps = torch.zeros(C, H, W)
    confidence = torch.zeros(C, H, W)
    hidden = torch.zeros(HIDDEN, H + 2, W + 2)  # with the padding
    for y in range(H):
        for x in range(W):
            column = feature[:, y, x]
            value = first.weight[:, :, 0, 0] @ column + first.bias
            hidden[:, y + 1, x + 1] = value.relu()
            confidence[:, y, x] = (
                head.confidence.weight[:, :, 0, 0] @ column
                + head.confidence.bias
            )
    for y in range(H):
        for x in range(W):
            value = second.bias.clone()
            for dy in range(3):
                for dx in range(3):
                    column = hidden[:, y + dy, x + dx]
                    value += second.weight[:, :, dy, dx] @ column
            maps[:, y, x] = (
                third.weight[:, :, 0, 0] @ value.relu() + third.bias
            )
    for c in range(C):
        weights = maps[c].exp()
        maps[c] = weights / weights.sum()
    return maps, confidence


def regularise(head, maps):
    """y_sr of the weighted maps of one image."""
    conv1, bn1, _, conv2, bn2, _, look, _, _, fc = head.regulariser

    def mix(maps, conv, norm):
        result = torch.zeros(HIDDEN, H, W)
        for i in range(HIDDEN):
            for j, one in enumerate(maps):
                result[i] += conv.weight[i, j, 0, 0] * one
            result[i] += conv.bias[i]
            scale = (norm.running_var[i] + norm.eps).sqrt()
            result[i] = (result[i] - norm.running_mean[i]) / scale
            result[i] = result[i] * norm.weight[i] + norm.bias[i]
        return result.relu()

    mixed = mix(mix(maps, conv1, bn1), conv2, bn2)
    found = [
        (look.weight[i * KERNELS + k, 0] * mixed[i]).sum()
        + look.bias[i * KERNELS + k]
        for i in range(HIDDEN)
        for k in range(KERNELS)
    ]
    return fc.weight @ torch.stack(found).relu() + fc.bias


def score_by_hand(head, feats):
    """y_cls, y_att and y_sr, (B, C) each."""
    rows = []
    for before, after in zip(*feats):
        maps, confidence = attend(head, before)
        rows.append(
            (
                classify(head, after),
                (maps * confidence).sum((1, 2)),
                regularise(head, confidence.sigmoid() * maps),
            )
        )
    return [torch.stack(column) for column in zip(*rows)]


@pytest.mark.parametrize('stage', STAGES)
@torch.no_grad()
def test_scores_follow_the_formulas(stage):
    head, feats = build(stage), draw_feats()
    main, attended, regularised = score_by_hand(head, feats)
    expected = dict(
        main=main,
        attention=attended,
        regularisation=regularised,
        joint=(main + regularised) / 2,
    )[stage]
    torch.testing.assert_close(head(feats), expected)
    losses = head.loss(feats, as_samples())
    known = TARGET >= 0
    trained = dict(loss=expected)
    if stage == 'joint':
        trained['loss_attention'] = attended
    assert list(losses) == list(trained)
    for name, logits in trained.items():
        loss = F.binary_cross_entropy(logits.sigmoid()[known], TARGET[known])
        torch.testing.assert_close(losses[name], loss)


@torch.no_grad()
def test_maps_are_the_attention():
    head, feats = build(), draw_feats()
    found = head.attend(feats)
    torch.testing.assert_close(found.logits, head(feats))
    expected = torch.stack([attend(head, one)[0] for one in feats[0]])
    torch.testing.assert_close(found.spatial, expected)
    torch.testing.assert_close(found.spatial.sum((2, 3)), torch.ones(B, C))


@pytest.mark.parametrize('stage', STAGES)
def test_stage_trains_its_part_of_the_head(stage):
    head = build(stage).train()
    sum(head.loss(draw_feats(), as_samples()).values()).backward()
    trained = {
        name.split('.')[0]
        for name, parameter in head.named_parameters()
        if parameter.grad is not None and parameter.grad.any()
    }
    assert trained == set(STAGES[stage])
    for name, parameter in head.named_parameters():
        assert parameter.requires_grad == (name.split('.')[0] in trained)


def build_model(stage, **backbone):
    """That of the quickstart, in training, and what it trains on."""
    torch.manual_seed(0)
    cfg = Config.fromfile(ROOT / 'projects/srn/configs/srn_quickstart.py')
    cfg.model.backbone.update(backbone)
    cfg.model.head.stage = stage
    model = MODELS.build(cfg.model).train()
    target = torch.zeros(model.head.num_classes)
    target[::2] = 1
    return model, (torch.rand(2, 3, 96, 96), as_samples([target, 1 - target]))


@pytest.mark.parametrize('stage', STAGES)
def test_stage_trains_its_part_of_the_model(stage):
    """What is not frozen has a gradient, as DistributedDataParallel needs."""
    frozen = stage in ('attention', 'regularisation')
    model, data = build_model(stage, frozen_stages=4 if frozen else -1)
    before = {name: each.clone() for name, each in model.named_buffers()}
    sum(model.loss(*data).values()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad == (parameter.grad is not None), name
    for name, buffer in model.backbone.named_buffers(prefix='backbone'):
        assert torch.equal(buffer, before[name]) == frozen, name


@pytest.mark.parametrize('frozen', [-1, 3])
@pytest.mark.parametrize('stage', ['attention', 'regularisation'])
def test_stage_of_the_head_needs_a_frozen_backbone(stage, frozen):
    model, data = build_model(stage, frozen_stages=frozen)
    with pytest.raises(ValueError, match=f'{stage}.*frozen_stages=4'):
        model.loss(*data)


def test_stages_load_each_other():
    """Each goes on from the weights of the one before."""
    state = build('main').state_dict()
    for stage in STAGES:
        head = build(stage)
        head.load_state_dict(state)
        state = head.state_dict()


def test_main_net_takes_any_size():
    """It has no kernel as large as the map."""
    before, after = draw_feats()
    feats = before[:, :, 1:], after
    assert build('main')(feats).shape == (B, C)
    assert build('attention')(feats).shape == (B, C)
    message = r'kernels as large as the feature map, 4×5, .* one of 3×5'
    with pytest.raises(ValueError, match=message):
        build()(feats)


def test_number_is_a_square():
    head = MODELS.build(
        dict(type='SRNHead', num_classes=C, in_channels=(BEFORE, AFTER))
    )
    assert head.regulariser.map_size == (14, 14)
    assert head.regulariser[6].weight.shape == (2048, 1, 14, 14)


def test_wrong_stage():
    with pytest.raises(ValueError, match="stage must be one of .*'third'"):
        build('third')
