import copy

import pytest
import torch
from mmengine.model import ExponentialMovingAverage
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mmsrdl.models.layers import ObjectErasing

from . import brute_force

IN_PLAIN_PYTORCH = 'reference', 'per_category'
C, D, E = 5, 6, 8
VARIANTS = {
    'both': dict(),
    'no channel': dict(channel_attention=False),
    'no spatial': dict(spatial_attention=False),
    'narrow': dict(hidden_channels=4),
}


def build(seed=0, **options):
    """A neck and a head, with weights large enough to matter."""
    torch.manual_seed(seed)
    neck = MODELS.build(
        dict(
            type='LabelGraphNeck',
            num_classes=C,
            embed_dims=E,
            label_embedding='random',
        )
    )
    options = dict(num_classes=C, in_channels=D, embed_dims=E) | options
    head = MODELS.build(dict(type='CARHead', **options))
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter)
    return neck, head


def samples(target):
    return [DataSample().set_gt_score(row) for row in target]


def total(losses):
    return sum(value for name, value in losses.items() if 'loss' in name)


class TestEquations:
    """Values and gradients against loops over eqs. 3-13, in float64."""

    @pytest.mark.parametrize('implementation', ['auto', *IN_PLAIN_PYTORCH])
    @pytest.mark.parametrize('variant', VARIANTS)
    def test_equals_brute_force(self, variant, implementation):
        options = dict(VARIANTS[variant], attention_impl=implementation)
        erasing = variant != 'no spatial'
        if erasing:
            options['erasing'] = dict(topk=3, alpha=0.5)
        neck, head = build(**options)
        neck.double()
        head.double()
        images = torch.randn(2, D, 3, 4, dtype=torch.float64)
        target = torch.randint(-1, 2, (2, C)).double()

        def gradients(loss):
            parameters = [*neck.parameters(), *head.parameters()]
            return torch.autograd.grad(loss, parameters, retain_graph=True)

        original, erased, loss_ori, loss_era = brute_force.losses(
            head, neck, images, target, topk=3 if erasing else 0
        )
        feats = neck((images,))
        attention = head.attend(feats)
        torch.testing.assert_close(attention.logits, original)
        if erasing:
            assert not torch.equal(original, erased)
            ours = head.erase(feats, attention)
            torch.testing.assert_close(ours, erased)
            weights = torch.randn(2, C, dtype=torch.float64)
            for actual, expected in zip(
                gradients((ours * weights).sum()),
                gradients((erased * weights).sum()),
            ):
                torch.testing.assert_close(actual, expected)

        losses = head.loss(feats, samples(target))
        if erasing:
            assert set(losses) == {'loss_ori', 'loss_era'}
            loss_ori = loss_ori + loss_era
        else:
            assert set(losses) == {'loss'}
        # MMPretrain's cross entropy works in float32.
        torch.testing.assert_close(
            total(losses).double(), loss_ori, rtol=1e-6, atol=0
        )
        for actual, expected in zip(
            gradients(total(losses)), gradients(loss_ori)
        ):
            scale = expected.abs().max()
            assert (actual - expected).abs().max() <= 1e-6 * scale

    def test_attend_shapes(self):
        neck, head = build()
        attention = head.attend(neck((torch.randn(2, D, 3, 4),)))
        assert attention._fields == (
            'logits',
            'features',
            'spatial',
            'channel',
        )
        shapes = [tuple(x.shape) for x in attention]
        assert shapes == [(2, C), (2, C, D), (2, C, 3, 4), (2, C, D)]
        assert 0 < attention.spatial.min() < attention.spatial.max() < 1

    def test_state_names(self):
        _, head = build(hidden_channels=4, erasing=dict())
        shapes = {k: tuple(v.shape) for k, v in head.state_dict().items()}
        assert shapes == {
            'f_ca.weight': (4, D), 'f_ca.bias': (4,),
            'f_sa.weight': (4, D), 'f_sa.bias': (4,),
            'f_w.weight': (4, E), 'f_w.bias': (4,),
            'f_c.weight': (D, 4), 'f_c.bias': (D,),
            'f_s.weight': (1, 4), 'f_s.bias': (1,),
            'classifier.weight': (C, D), 'classifier.bias': (C,),
        }  # fmt: skip
        for switched_off, layers in (
            ('channel_attention', ('f_ca', 'f_c')),
            ('spatial_attention', ('f_sa', 'f_s')),
        ):
            _, head = build(**{switched_off: False})
            assert not any(hasattr(head, layer) for layer in layers)


class TestProperties:
    @pytest.mark.parametrize(
        'variant, erasing',
        [('no spatial', None)]
        + [
            (variant, erasing)
            for variant in ('both', 'no channel', 'narrow')
            for erasing in (None, True, False)
        ],
    )
    def test_every_parameter_gets_a_gradient(self, variant, erasing):
        options = dict(VARIANTS[variant])
        if erasing is not None:
            options['erasing'] = dict()
        neck, head = build(**options)
        if erasing is not None:
            head.erasing.enabled = erasing
        feats = neck((torch.randn(4, D, 3, 4),))
        losses = head.loss(feats, samples(torch.randint(0, 2, (4, C))))
        total(losses).backward()
        for name, parameter in [
            *neck.named_parameters(),
            *head.named_parameters(),
        ]:
            assert parameter.grad is not None and parameter.grad.any(), name

    @pytest.mark.parametrize('training', [True, False])
    def test_an_image_does_not_depend_on_its_batch(self, training):
        neck, head = build(erasing=dict())
        head.train(training)
        images = torch.randn(4, D, 3, 4)
        together = head.attend(neck((images,)))
        alone = head.attend(neck((images[2:3],)))
        for a, b in zip(together, alone, strict=True):
            torch.testing.assert_close(a[2:3], b)
        feats = neck((images,))
        erased = head.erase(feats, together)[2:3]
        feats = neck((images[2:3],))
        torch.testing.assert_close(erased, head.erase(feats, alone))

    def test_is_equivariant_to_the_order_of_classes(self):
        neck, head = build(erasing=dict())
        order = torch.tensor([3, 1, 4, 0, 2])
        other = copy.deepcopy(head)
        other.classifier.weight.data.copy_(head.classifier.weight[order])
        other.classifier.bias.data.copy_(head.classifier.bias[order])
        feature, labels = neck((torch.randn(2, D, 3, 4),))
        ours = head.attend((feature, labels))
        theirs = other.attend((feature, labels[order]))
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a[:, order], b)
        torch.testing.assert_close(
            head.erase((feature, labels), ours)[:, order],
            other.erase((feature, labels[order]), theirs),
        )

    @pytest.mark.parametrize('size', [(1, 1), (1, 5), (7, 7), (14, 9)])
    def test_any_resolution(self, size):
        neck, head = build(erasing=dict())
        feats = neck((torch.randn(2, D, *size, requires_grad=True),))
        losses = head.loss(feats, samples(torch.zeros(2, C)))
        total(losses).backward()
        assert head.attend(feats).spatial.shape[2:] == size

    def test_constant_maps_give_no_nan(self):
        neck, head = build(erasing=dict())
        feats = neck((torch.ones(2, D, 3, 4),))
        losses = head.loss(feats, samples(torch.zeros(2, C)))
        total(losses).backward()
        assert losses['loss_ori'] == losses['loss_era']
        assert all(p.grad.isfinite().all() for p in head.parameters())

    @pytest.mark.parametrize('implementation', [*IN_PLAIN_PYTORCH, 'auto'])
    @pytest.mark.parametrize('variant', VARIANTS)
    @pytest.mark.parametrize('half', [True, False])
    def test_autocast(self, variant, implementation, half):
        """The backbone may hand over half precision, or float32."""
        erasing = None if variant == 'no spatial' else dict()
        neck, head = build(
            **VARIANTS[variant], erasing=erasing, attention_impl=implementation
        )
        backbone = torch.nn.Conv2d(3, D, 1)
        images = torch.randn(4, 3, 3, 4)
        target = samples(torch.randint(0, 2, (4, C)))
        exact = head(neck((backbone(images),)))
        with torch.autocast('cpu', dtype=torch.bfloat16):
            feature = backbone(images)
            assert feature.dtype == torch.bfloat16
            feats = neck((feature if half else feature.float(),))
            logits = head(feats)
            losses = head.loss(feats, target)
        assert all(loss.dtype == torch.float32 for loss in losses.values())
        total(losses).backward()
        assert backbone.weight.grad.isfinite().all()
        assert all(p.grad.isfinite().all() for p in head.parameters())
        scale = exact.abs().max()
        assert (logits.float() - exact).abs().max() < 0.03 * scale


class TestErasing:
    def test_only_the_highest_scores_change(self):
        neck, head = build(erasing=dict(topk=2))
        feats = neck((torch.rand(3, D, 3, 4),))
        attention = head.attend(feats)
        erased = head.erase(feats, attention)
        changed = (erased != attention.logits).int()
        highest = attention.logits.topk(2).indices
        outside = changed.scatter(1, highest, 0)
        assert changed.any() and not outside.any()

    def test_equal_scores_take_the_lower_index(self):
        neck, head = build(erasing=dict(topk=2))
        for parameter in head.classifier.parameters():
            torch.nn.init.zeros_(parameter)
        feats = neck((torch.rand(1, D, 3, 4),))
        attention = head.attend(feats)
        assert not attention.logits.any()
        # Weights that only the second pass sees show what it scored again.
        torch.nn.init.ones_(head.classifier.weight)
        changed = head.erase(feats, attention)[0] != 0
        assert changed.tolist() == [True, True, False, False, False]

    def test_topk_beyond_the_classes(self):
        neck, head = build(erasing=dict(topk=50))
        feats = neck((torch.rand(1, D, 3, 4),))
        assert head.erase(feats, head.attend(feats)).shape == (1, C)

    @pytest.mark.parametrize('training, enabled', [(True, False), (False, 1)])
    def test_off_when_disabled_or_in_evaluation(self, training, enabled):
        neck, head = build(erasing=dict())
        head.train(training)
        head.erasing.enabled = enabled
        losses = head.loss(
            neck((torch.rand(2, D, 3, 4),)), samples(torch.zeros(2, C))
        )
        assert losses['loss_ori'] == losses['loss_era']
        assert head.erasing.erased_area is None

    def test_takes_an_instance(self):
        erasing = ObjectErasing(topk=1)
        _, head = build(erasing=erasing)
        assert head.erasing is erasing


class TestLoss:
    def test_targets_from_labels(self):
        neck, head = build()
        feats = neck((torch.randn(3, D, 3, 4),))
        labels = [[0, 4], [], [2]]
        target = torch.zeros(3, C)
        for row, indices in zip(target, labels, strict=True):
            row[indices] = 1
        by_label = [DataSample().set_gt_label(x) for x in labels]
        by_score = samples(target)
        assert head.loss(feats, by_label) == head.loss(feats, by_score)
        expected = torch.nn.functional.binary_cross_entropy_with_logits(
            head(feats), target
        )
        torch.testing.assert_close(
            head.loss(feats, by_label)['loss'], expected
        )

    def test_soft_targets_are_kept(self):
        neck, head = build()
        feats = neck((torch.randn(2, D, 3, 4),))
        target = torch.rand(2, C)
        expected = torch.nn.functional.binary_cross_entropy_with_logits(
            head(feats), target
        )
        loss = head.loss(feats, samples(target))['loss']
        torch.testing.assert_close(loss, expected)

    @pytest.mark.parametrize(
        'loss',
        [
            dict(type='CrossEntropyLoss', use_sigmoid=True),
            dict(type='AsymmetricLoss'),
            dict(type='FocalLoss'),
        ],
    )
    def test_unknown_labels_count_for_nothing(self, loss):
        neck, head = build(loss=loss)
        feature, labels = neck((torch.randn(3, D, 3, 4),))
        feature.requires_grad_()
        target = torch.randint(0, 2, (3, C))
        target[0] = -1
        full = head.loss((feature, labels), samples(target))['loss']
        (gradient,) = torch.autograd.grad(full, feature)
        assert not gradient[0].any() and gradient[1].any()
        known = head.loss((feature[1:], labels), samples(target[1:]))['loss']
        torch.testing.assert_close(full, known)

    def test_a_batch_may_mix_kinds_of_targets(self):
        neck, head = build()
        feats = neck((torch.randn(2, D, 3, 4),))
        score = torch.tensor([-1.0, 1, -1, -1, 0])
        batch = [
            DataSample().set_gt_label([2]),
            DataSample().set_gt_label([1]).set_gt_score(score),
        ]
        target = torch.stack([torch.eye(C)[2], score])
        expected = head.loss(feats, samples(target))
        assert head.loss(feats, batch) == expected
        feats = feats[0].flip(0), feats[1]
        assert head.loss(feats, batch[::-1])['loss'].item() == pytest.approx(
            expected['loss'].item()
        )

    @pytest.mark.parametrize(
        'sample, message',
        [
            (DataSample().set_gt_label([-1]), 'indices from 0 to 4'),
            (DataSample().set_gt_label([C]), 'but got 5 to 5'),
            (DataSample(), 'neither gt_label nor gt_score'),
        ],
    )
    def test_refuses_wrong_targets(self, sample, message):
        neck, head = build()
        with pytest.raises(ValueError, match=message):
            head.loss(neck((torch.randn(1, D, 3, 4),)), [sample])

    def test_linear_head_is_trained_alike(self):
        options = dict(
            type='MultiLabelLinearHead', num_classes=C, in_channels=D
        )
        head = MODELS.build(options)
        feature, target = torch.randn(3, D), torch.randint(-1, 2, (3, C))
        loss = head.loss((feature,), samples(target))['loss']
        known = target >= 0
        expected = torch.nn.functional.binary_cross_entropy_with_logits(
            head((feature,))[known], target[known].float()
        )
        torch.testing.assert_close(loss, expected)

    def test_nothing_known(self):
        neck, head = build(erasing=dict())
        feats = neck((torch.randn(2, D, 3, 4),))
        losses = head.loss(feats, samples(torch.full((2, C), -1.0)))
        assert total(losses) == 0
        total(losses).backward()
        assert not head.classifier.weight.grad.any()


class TestUse:
    def test_prediction(self):
        neck, head = build()
        head.eval()
        feats = neck((torch.randn(3, D, 3, 4),))
        with torch.no_grad():
            scores = head(feats).sigmoid()
            predictions = head.predict(feats)
        for score, sample in zip(scores, predictions, strict=True):
            assert torch.equal(sample.pred_score, score)
            expected = (score >= 0.5).nonzero()[:, 0]
            assert torch.equal(sample.pred_label, expected)
        _, head = build(topk=2)
        assert all(len(x.pred_label) == 2 for x in head.predict(feats))

    def test_save_and_load(self, tmp_path):
        neck, head = build(erasing=dict())
        torch.save([neck.state_dict(), head.state_dict()], tmp_path / 'x.pth')
        states = torch.load(tmp_path / 'x.pth', weights_only=True)
        other = build(seed=1)
        feats = (torch.randn(2, D, 3, 4),)
        assert not torch.equal(other[1](other[0](feats)), head(neck(feats)))
        for module, state in zip(other, states, strict=True):
            module.load_state_dict(state)
        assert torch.equal(other[1](other[0](feats)), head(neck(feats)))

    @pytest.mark.parametrize(
        'change', ['load', 'in place', 'data', 'ema', 'deepcopy', 'double']
    )
    def test_evaluation_is_never_stale(self, change):
        model = torch.nn.Sequential(*build())
        model.eval()
        images = torch.randn(2, D, 3, 4)

        def evaluate(module):
            with torch.no_grad():
                return module[1](module[0]((images,)))

        before = evaluate(model)
        with torch.no_grad():
            if change == 'load':
                model.load_state_dict(
                    torch.nn.Sequential(*build(seed=1)).state_dict()
                )
            elif change == 'in place':
                model[0].layers[0].weight.add_(0.1)
            elif change == 'data':
                model[1].f_w.weight.data.copy_(model[1].f_w.weight * 2)
            elif change == 'ema':
                ema = ExponentialMovingAverage(model, momentum=0.5)
                other = torch.nn.Sequential(*build(seed=1))
                ema.update_parameters(model)
                ema.update_parameters(other)
                for ours, average in zip(
                    model.parameters(), ema.module.parameters(), strict=True
                ):
                    ours.data.copy_(average.data)
            elif change == 'deepcopy':
                model = copy.deepcopy(model)
                model[0].adjacency.add_(0.1)
            else:
                model.double()
                images = images.double()
        after = evaluate(model)
        fresh = torch.nn.Sequential(*build(seed=2)).to(after.dtype)
        fresh.load_state_dict(model.state_dict())
        fresh.eval()
        assert torch.equal(after, evaluate(fresh))
        assert change == 'double' or not torch.allclose(before, after)

    def test_label_features_are_computed_once_in_evaluation(self):
        neck, head = build()
        neck.eval(), head.eval()
        calls = []
        head.f_w.register_forward_hook(lambda *_: calls.append('f_w'))
        neck.layers[0].register_forward_hook(lambda *_: calls.append('graph'))
        with torch.no_grad():
            for _ in range(3):
                head(neck((torch.randn(2, D, 3, 4),)))
        assert sorted(calls) == ['f_w', 'graph']

    def test_evaluation_keeps_gradients(self):
        neck, head = build()
        neck.eval(), head.eval()
        images = torch.randn(2, D, 3, 4)
        with torch.no_grad():
            head(neck((images,)))
        head(neck((images,))).sum().backward()
        assert head.f_w.weight.grad.any() and neck.adjacency.grad.any()

    @pytest.mark.parametrize(
        'options, message',
        [
            (
                dict(channel_attention=False, spatial_attention=False),
                'channel_attention, spatial_attention or both',
            ),
            (dict(spatial_attention=False, erasing=dict()), 'needs spatial'),
            (dict(attention_impl='fast'), 'auto or one of reference'),
        ],
    )
    def test_refuses_wrong_options(self, options, message):
        with pytest.raises(ValueError, match=message):
            build(**options)

    def test_refuses_wrong_features(self):
        neck, head = build()
        with pytest.raises(ValueError, match='Check the neck, num_classes'):
            head(neck((torch.randn(2, D + 1, 3, 4),)))
        with pytest.raises(ValueError, match='as LabelGraphNeck gives'):
            head((torch.randn(2, D),))
        with pytest.raises(ValueError, match='num_classes'):
            head((torch.randn(2, D, 3, 4), torch.randn(1, E)))
        with pytest.raises(TypeError, match='dict of topk and alpha'):
            build(erasing=True)
