"""The head of features of categories, over each layer that makes them."""

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import nn

B, C, D, E, OUT = 3, 5, 8, 6, 4

LAYERS = dict(
    sam=dict(
        type='SemanticAttention',
        num_classes=C,
        in_channels=D,
        out_channels=OUT,
    ),
    sd=dict(type='SemanticDecoupling', in_channels=D, embed_dims=E),
)


@pytest.fixture(params=LAYERS)
def case(request):
    """A head, and what its layer takes."""
    torch.manual_seed(0)
    guided = request.param == 'sd'
    head = MODELS.build(
        dict(
            type='CategoryFeatureHead',
            num_classes=C,
            in_channels=D if guided else OUT,
            layer=LAYERS[request.param],
        )
    )
    feature = torch.randn(B, D, 2, 3)
    return head, (feature, torch.randn(C, E)) if guided else (feature,)


def test_each_category_has_its_classifier(case):
    head, feats = case
    found = head.attend(feats)
    positions = feats[0].flatten(2).transpose(1, 2)
    features, attention = head.layer(positions, *feats[1:])
    assert torch.equal(found.features, features)
    for b in range(B):
        for c in range(C):
            logit = head.fc.weight[c] @ features[b, c] + head.fc.bias[c]
            torch.testing.assert_close(found.logits[b, c], logit)
            for y in range(2):
                for x in range(3):
                    cell = found.spatial[b, c, y, x]
                    assert cell == attention[b, c, 3 * y + x]
    assert torch.equal(head(feats), found.logits)
    assert torch.equal(head.pre_logits(feats), found.features)


def test_all_starts_as_pytorch_starts_it(case):
    """A start near zero would make the attention flat."""
    head, _ = case
    built = {key: value.clone() for key, value in head.state_dict().items()}
    head.init_weights()
    for key, value in head.state_dict().items():
        assert torch.equal(value, built[key]), key


def test_images_do_not_depend_on_each_other(case):
    head, feats = case
    together = head(feats)
    for b in range(B):
        alone = head((feats[0][b : b + 1], *feats[1:]))
        torch.testing.assert_close(alone[0], together[b])


def test_unknown_labels_do_not_train(case):
    """And each parameter of the head has a gradient from the known."""
    head, feats = case
    target = torch.tensor([1.0, 0, -1, -1, 1]).expand(B, -1)
    samples = [DataSample().set_gt_score(row) for row in target]
    losses = head.loss(feats, samples)
    assert set(losses) == {'loss'}
    losses['loss'].backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad.any(), name
    assert not head.fc.weight.grad[2:4].any()
    expected = nn.functional.binary_cross_entropy_with_logits(
        head(feats)[:, [0, 1, 4]], target[:, [0, 1, 4]]
    )
    torch.testing.assert_close(losses['loss'], expected)


def test_a_layer_of_your_own():
    @MODELS.register_module()
    class MeanOfPositions(nn.Module):
        def forward(self, positions):
            features = positions.mean(1, keepdim=True).expand(-1, C, -1)
            return features, positions.new_ones(len(positions), C, 6)

    try:
        head = MODELS.build(
            dict(
                type='CategoryFeatureHead',
                num_classes=C,
                in_channels=D,
                layer=dict(type='MeanOfPositions'),
            )
        )
    finally:
        MODELS.module_dict.pop('MeanOfPositions')
    feature = torch.randn(B, D, 2, 3)
    torch.testing.assert_close(head((feature,)), head.fc(feature.mean((2, 3))))
