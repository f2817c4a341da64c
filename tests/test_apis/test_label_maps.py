import pytest
import torch
from mmpretrain.registry import MODELS

from mmsrdl import register_all_modules
from mmsrdl.apis import compute_label_maps

GRAPH = dict(
    type='LabelGraphNeck',
    num_classes=3,
    embed_dims=8,
    label_embedding='random',
)
CAR = dict(type='CARHead', num_classes=3, in_channels=64, embed_dims=8)
CSRA = dict(type='CSRAClsHead', num_classes=3, in_channels=64, lam=1e-9)
RESNET = dict(type='ResNet', depth=18, stem_channels=8, base_channels=8)
INPUTS = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))


def build(neck, head, backbone=RESNET):
    register_all_modules()
    torch.manual_seed(0)
    if isinstance(neck, str):
        neck = dict(type=neck)
    model = dict(
        type='ImageClassifier', backbone=backbone, neck=neck, head=head
    )
    return MODELS.build(model).eval()


def linear(kind):
    return dict(type=kind, num_classes=3, in_channels=64)


def test_attention_of_a_head_that_attends():
    model = build(GRAPH, CAR)
    with torch.no_grad():
        expected = model.head.attend(model.extract_feat(INPUTS))
    logits, spatial = compute_label_maps(model, INPUTS)
    assert torch.equal(logits, expected.logits)
    assert torch.equal(spatial, expected.spatial)
    assert not spatial.requires_grad


def test_attention_of_another_form_is_named(monkeypatch):
    model = build(GRAPH, CAR)
    monkeypatch.setattr(model.head, 'attend', lambda feats: {'spatial': 1})
    with pytest.raises(ValueError, match='CategoryAttention, .*got dict'):
        compute_label_maps(model, INPUTS)


@pytest.mark.parametrize(
    'head', ['MultiLabelLinearHead', 'MultiLabelLinearClsHead']
)
def test_activation_maps_sum_up_to_the_logits(head):
    model = build('GlobalAveragePooling', linear(head))
    logits, spatial = compute_label_maps(model, INPUTS)
    assert spatial.shape == (2, 3, 2, 3)
    torch.testing.assert_close(logits, model(INPUTS))
    mean = spatial.mean((2, 3)) + model.head.fc.bias
    torch.testing.assert_close(mean, logits)


def test_activation_maps_under_max_pooling():
    model = build('GlobalMaxPooling', linear('LinearClsHead'))
    feature = model.extract_feat(INPUTS, stage='backbone')[-1]
    logits, spatial = compute_label_maps(model, INPUTS)
    torch.testing.assert_close(logits, model(INPUTS))
    cell = feature[1, :, 0, 2] @ model.head.fc.weight[2]
    torch.testing.assert_close(spatial[1, 2, 0, 2], cell)


def test_scores_of_positions_of_csra():
    # So little of the residual attention leaves the mean of the scores.
    model = build(None, dict(CSRA, num_heads=2))
    logits, spatial = compute_label_maps(model, INPUTS)
    assert spatial.shape == (2, 3, 2, 3)
    torch.testing.assert_close(logits, model(INPUTS))
    torch.testing.assert_close(spatial.mean((2, 3)), logits)


@pytest.mark.parametrize(
    ('neck', 'head', 'backbone', 'message'),
    [
        (
            'GlobalAveragePooling',
            dict(
                type='StackedLinearClsHead',
                num_classes=3,
                in_channels=64,
                mid_channels=[8],
            ),
            RESNET,
            'StackedLinearClsHead has no map per label: .*attend',
        ),
        (
            GRAPH,
            dict(CAR, spatial_attention=False),
            RESNET,
            'CARHead has no spatial attention',
        ),
        (
            None,
            linear('LinearClsHead'),
            dict(type='VisionTransformer', arch='deit-t', img_size=(64, 96)),
            'LinearClsHead after VisionTransformer and no neck',
        ),
    ],
)
def test_heads_without_maps_are_named(neck, head, backbone, message):
    model = build(neck, head, backbone)
    with pytest.raises(ValueError, match=message):
        compute_label_maps(model, INPUTS)
