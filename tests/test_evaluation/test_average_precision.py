import warnings
from fractions import Fraction

import pytest
import torch
from mmpretrain.evaluation import AveragePrecision
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_recall_curve,
)

from mmsrdl.evaluation.average_precision import best_f1_thresholds
from mmsrdl.evaluation.functional import AP_FORMS, average_precision


def literal(scores, targets, form):
    """AP of one class, threshold by threshold, in exact fractions."""
    known = [(s, t) for s, t in zip(scores, targets, strict=True) if t >= 0]
    positives = sum(t for _, t in known)
    if not positives:
        return 0.0
    curve = []
    for threshold in sorted({s for s, _ in known}, reverse=True):
        accepted = [t for s, t in known if s >= threshold]
        recall = Fraction(sum(accepted), positives)
        curve.append((recall, Fraction(sum(accepted), len(accepted))))

    def envelope(level):
        return max((p for r, p in curve if r >= level), default=Fraction(0))

    if form == '11point':
        return float(sum(envelope(Fraction(k, 10)) for k in range(11)) / 11)
    area, previous = Fraction(0), Fraction(0)
    for recall, precision in curve:
        if form == 'interpolated':
            precision = envelope(recall)
        area += (recall - previous) * precision
        previous = recall
    return float(area)


@pytest.mark.parametrize('form', AP_FORMS)
def test_equals_literal(case, form):
    scores, targets = case
    expected = [
        literal(s, t, form)
        for s, t in zip(scores.t().tolist(), targets.t().tolist(), strict=True)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        ap = average_precision(scores, targets, form)
    assert ap.dtype == torch.float64
    torch.testing.assert_close(ap, torch.tensor(expected).double())


def test_equals_sklearn(case):
    scores, targets = case
    ap = average_precision(scores, targets)
    compared = 0
    for score, target, value in zip(scores.t(), targets.t(), ap, strict=True):
        known = target >= 0
        if (target == 1).any():
            compared += 1
            assert value.item() == pytest.approx(
                average_precision_score(target[known], score[known]), abs=1e-12
            )
    assert compared


def devkit(precision, recall, form):
    """The PASCAL VOC development kit's reduction of a curve, step by step."""
    if form == '11point':
        ap = 0
        for level in range(11):
            reached = [
                p
                for p, r in zip(precision, recall, strict=True)
                if r >= level / 10 - 1e-12
            ]
            ap += max(reached, default=0) / 11
        return ap
    precision, recall = [0, *precision, 0], [0, *recall, 1]
    for i in range(len(precision) - 2, -1, -1):
        precision[i] = max(precision[i], precision[i + 1])
    return sum(
        (recall[i] - recall[i - 1]) * precision[i]
        for i in range(1, len(recall))
        if recall[i] != recall[i - 1]
    )


@pytest.mark.parametrize('form', ['interpolated', '11point'])
def test_equals_devkit_on_the_curve_of_sklearn(case, form):
    scores, targets = case
    ap = average_precision(scores, targets, form)
    compared = 0
    for score, target, value in zip(scores.t(), targets.t(), ap, strict=True):
        known = target >= 0
        if (target == 1).any():
            compared += 1
            precision, recall, _ = precision_recall_curve(
                target[known], score[known]
            )
            # Without the point that it adds at recall 0; by rising recall.
            expected = devkit(precision[-2::-1], recall[-2::-1], form)
            assert value.item() == pytest.approx(expected, abs=1e-12)
    assert compared


def test_best_threshold_equals_brute_force(case):
    scores, targets = case
    before = scores.clone(), targets.clone()
    thresholds, best = best_f1_thresholds(scores, targets)
    assert thresholds.dtype == scores.dtype
    for score, target, threshold, f1 in zip(
        scores.t(), targets.t(), thresholds, best, strict=True
    ):
        known = target >= 0
        if not (target == 1).any():
            assert f1 == 0
            continue
        tried = {
            value: f1_score(target[known], score[known] >= value)
            for value in score.unique().tolist()
        }
        assert f1.item() == pytest.approx(max(tried.values()), abs=1e-12)
        good = [v for v, f in tried.items() if f > f1.item() - 1e-12]
        assert threshold.item() == max(good), 'of several, the highest'
    assert all(a.equal(b) for a, b in zip(before, case, strict=True))


def test_equals_mmpretrain_without_ties():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randperm(200, generator=generator).view(50, 4) / 200
    targets = torch.randint(0, 2, (50, 4), generator=generator)
    expected = AveragePrecision.calculate(scores, targets, average=None)
    ap = 100 * average_precision(scores, targets)
    torch.testing.assert_close(ap, expected.double(), rtol=1e-4, atol=0)


@pytest.mark.parametrize('form', AP_FORMS)
def test_does_not_depend_on_the_order_of_images(case, form):
    scores, targets = case
    expected = average_precision(scores, targets, form)
    order = torch.randperm(len(scores))
    shuffled = average_precision(scores[order], targets[order], form)
    torch.testing.assert_close(shuffled, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize('form', AP_FORMS)
def test_does_not_depend_on_classes_ranked_at_once(case, form, monkeypatch):
    scores, targets = case
    expected = average_precision(scores, targets, form)
    best = best_f1_thresholds(scores, targets)
    monkeypatch.setattr(
        'mmsrdl.evaluation.ranking._RANKED_AT_ONCE',
        2 * len(scores) + 1,
    )
    assert average_precision(scores, targets, form).equal(expected)
    for ours, whole in zip(
        best_f1_thresholds(scores, targets), best, strict=True
    ):
        assert ours.equal(whole)


@pytest.mark.parametrize('form', AP_FORMS)
def test_leaves_its_arguments_alone(case, form):
    scores, targets = (tensor.clone() for tensor in case)
    average_precision(scores, targets, form)
    assert scores.equal(case[0])
    assert targets.equal(case[1])


def test_forms_differ_as_defined():
    # Ranks: hit, miss, miss, hit, hit.
    scores = torch.tensor([5.0, 4, 3, 2, 1]).unsqueeze(1)
    targets = torch.tensor([1, 0, 0, 1, 1]).unsqueeze(1)
    area = (1 + 2 / 4 + 3 / 5) / 3
    envelope = (1 + 3 / 5 + 3 / 5) / 3
    eleven = (4 * 1 + 7 * 3 / 5) / 11  # recalls up to 0.3, then up to 1
    for form, expected in zip(
        ('area', 'interpolated', '11point'),
        (area, envelope, eleven),
        strict=True,
    ):
        ap = average_precision(scores, targets, form)
        assert ap.item() == pytest.approx(expected)


def test_11_point_levels_are_exact():
    # Recall 3/10 reaches the level 0.3, although 3 * 0.1 > 0.3 in floats.
    scores = torch.arange(17.0, 0, -1).unsqueeze(1)
    targets = torch.tensor([1] * 3 + [0] * 7 + [1] * 7).unsqueeze(1)
    ap = average_precision(scores, targets, '11point')
    assert ap.item() == pytest.approx((4 * 1 + 7 * 10 / 17) / 11)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_scores(dtype):
    scores = torch.rand(100, 3, generator=torch.Generator().manual_seed(0))
    targets = (scores > 0.6).long()
    half = scores.to(dtype)
    assert average_precision(half, targets).equal(
        average_precision(half.double(), targets)
    )


def test_refuses_nonsense():
    scores, targets = torch.rand(3, 2), torch.zeros(3, 2)
    with pytest.raises(ValueError, match='NaN'):
        average_precision(torch.tensor([[float('nan')]]), targets[:1, :1])
    with pytest.raises(ValueError, match='interpolated'):
        average_precision(scores, targets, 'voc')
    with pytest.raises(ValueError, match=r'\(3, 2\) and \(2, 2\)'):
        average_precision(scores, targets[:2])


def test_no_images():
    ap = average_precision(torch.zeros(0, 3), torch.zeros(0, 3))
    assert ap.tolist() == [0, 0, 0]
