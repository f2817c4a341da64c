"""Every multi-label loss, over targets of which some are unknown."""

import pytest
import torch
from mmpretrain.registry import MODELS

from mmsrdl.models.heads.multi_label_targets import masked_mean

C = 3
WEIGHT = [0.5, 2.0, 3.0]


# Element-wise losses by their papers' equations, for a target y in [0, 1] of
# class c; p is the probability.


def cross_entropy(p, y, c, positive=1, weight=1):
    return -weight * (positive * y * p.log() + (1 - y) * (1 - p).log())


def asymmetric(p, y, c, gamma_pos=0, gamma_neg=4, clip=0.05):
    shifted = (p - clip).clamp(min=0)
    if y == 1:
        return -((1 - p) ** gamma_pos) * p.log()
    return -(shifted**gamma_neg) * (1 - shifted).log()


def focal(p, y, c, gamma=2, alpha=0.25):
    if y == 1:
        return -alpha * (1 - p) ** gamma * p.log()
    return -(1 - alpha) * p**gamma * (1 - p).log()


LOSSES = {
    'BCE': ({'type': 'CrossEntropyLoss', 'use_sigmoid': True}, cross_entropy),
    'BCE, pos_weight': (
        {
            'type': 'CrossEntropyLoss',
            'use_sigmoid': True,
            'pos_weight': WEIGHT,
        },
        lambda p, y, c: cross_entropy(p, y, c, positive=WEIGHT[c]),
    ),
    'BCE, class_weight, loss_weight': (
        {
            'type': 'CrossEntropyLoss',
            'use_sigmoid': True,
            'class_weight': WEIGHT,
            'loss_weight': 0.7,
        },
        lambda p, y, c: cross_entropy(p, y, c, weight=0.7 * WEIGHT[c]),
    ),
    'ASL': ({'type': 'AsymmetricLoss'}, asymmetric),
    'ASL, options': (
        {
            'type': 'AsymmetricLoss',
            'gamma_pos': 1.0,
            'gamma_neg': 2.0,
            'clip': 0.1,
            'reduction': 'sum',
        },
        lambda p, y, c: asymmetric(p, y, c, 1, 2, 0.1),
    ),
    'focal': ({'type': 'FocalLoss'}, focal),
    'focal, options': (
        {
            'type': 'FocalLoss',
            'gamma': 1.5,
            'alpha': 0.6,
            'loss_weight': 2.0,
        },
        lambda p, y, c: 2 * focal(p, y, c, 1.5, 0.6),
    ),
    'label smoothing': (
        {
            'type': 'LabelSmoothLoss',
            'label_smooth_val': 0.1,
            'mode': 'multi_label',
        },
        lambda p, y, c: cross_entropy(p, 0.9 if y > 0 else 0.1, c),
    ),
}


def draw(rows=5, classes=C):
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(rows, classes, generator=generator)
    target = torch.randint(-1, 2, (rows, classes), generator=generator)
    target[-1] = -1
    return logits, target


def expected(logits, target, element):
    """Mean of the known entries, taken one by one, in float64."""
    logits = logits.double()
    terms = [
        element(logits[b, c].sigmoid(), target[b, c].item(), c)
        for b, c in (target >= 0).nonzero().tolist()
    ]
    return torch.stack(terms).mean().float()


@pytest.mark.parametrize('name', LOSSES)
@pytest.mark.parametrize('at_unknown', [0.0, 80.0, float('inf'), float('nan')])
def test_value_and_gradient_are_those_of_the_known(name, at_unknown):
    config, element = LOSSES[name]
    logits, target = draw()
    logits[target < 0] = at_unknown
    logits.requires_grad_()
    loss = masked_mean(MODELS.build(config), logits, target)
    (gradient,) = torch.autograd.grad(loss, logits)
    reference = expected(logits, target, element)
    (wanted,) = torch.autograd.grad(reference, logits)
    torch.testing.assert_close(loss, reference, rtol=1e-5, atol=1e-7)
    known = target >= 0
    torch.testing.assert_close(
        gradient[known], wanted[known], rtol=1e-5, atol=1e-7
    )
    assert not gradient[~known].any()


@pytest.mark.parametrize('name', LOSSES)
def test_nothing_known(name):
    logits = draw()[0].requires_grad_()
    target = torch.full_like(logits, -1)
    loss = masked_mean(MODELS.build(LOSSES[name][0]), logits, target)
    assert loss == 0
    (gradient,) = torch.autograd.grad(loss, logits)
    assert not gradient.any()


@pytest.mark.parametrize('name', ['BCE', 'ASL', 'focal'])
@pytest.mark.parametrize('rows', [1, 4])
def test_a_single_class(name, rows):
    config, element = LOSSES[name]
    logits, target = draw(rows, 1)
    target[0] = 1
    for target_ in (target, target.clamp(max=0)):
        loss = masked_mean(MODELS.build(config), logits, target_)
        reference = expected(logits, target_, element)
        torch.testing.assert_close(loss, reference, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    'config',
    [
        {'type': 'CrossEntropyLoss'},
        {'type': 'CrossEntropyLoss', 'use_soft': True},
        {'type': 'AsymmetricLoss', 'use_sigmoid': False},
        {'type': 'LabelSmoothLoss', 'label_smooth_val': 0.1},
    ],
)
def test_losses_for_one_label_are_refused(config):
    # As many images as classes: nothing else would give it away.
    logits, target = draw(rows=C)
    with pytest.raises(ValueError, match='label'):
        masked_mean(MODELS.build(config), logits, target)
