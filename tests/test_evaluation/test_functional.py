import warnings

import pytest
import torch
from sklearn.metrics import precision_recall_fscore_support

from mmsrdl.evaluation.functional import (
    DIFFICULT,
    average_precision,
    class_mean,
    count_labels,
    precision_recall_f1,
    predicted_labels,
    resolve_difficult,
    summarise_counts,
)


def measure(scores, targets, thr=0.5, topk=None, absent='skip'):
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        labels = predicted_labels(scores, thr, topk)
        return summarise_counts(count_labels(labels, targets), absent)


def literal_counts(scores, targets, thr, topk):
    """Counts by the definition, one label at a time."""
    num_classes = len(scores[0])
    hit, predicted, present = ([0] * num_classes for _ in range(3))
    for image_scores, image_targets in zip(scores, targets, strict=True):
        limit = thr
        if topk is not None:
            kth = sorted(image_scores, reverse=True)[:topk][-1]
            limit = max(thr, kth)
        for c, target in enumerate(image_targets):
            chosen = image_scores[c] >= limit
            if target == -1:
                continue
            hit[c] += chosen and target == 1
            predicted[c] += chosen
            present[c] += target == 1
    return hit, predicted, present


def literal_meter(hit, predicted, present, absent):
    """SRDL eqs. 14-16, and the mean of per-class F1, in percent."""

    def divide(a, b):
        return a / b if b else 0.0

    used = [c for c, n in enumerate(present) if n or absent == 'zero']
    p = {c: divide(hit[c], predicted[c]) for c in used}
    r = {c: divide(hit[c], present[c]) for c in used}
    f1 = [divide(2 * p[c] * r[c], p[c] + r[c]) for c in used]
    cp = divide(sum(p.values()), len(used))
    cr = divide(sum(r.values()), len(used))
    op = divide(sum(hit), sum(predicted))
    recall = divide(sum(hit), sum(present))
    values = dict(
        CP=cp,
        CR=cr,
        CF1=divide(2 * cp * cr, cp + cr),
        OP=op,
        OR=recall,
        OF1=divide(2 * op * recall, op + recall),
        F1_macro=divide(sum(f1), len(used)),
    )
    return {name: 100 * value for name, value in values.items()}


@pytest.mark.parametrize('absent', ['skip', 'zero'])
@pytest.mark.parametrize('topk', [None, 1, 3, 100])
@pytest.mark.parametrize('thr', [0.5, 0.0])
def test_equals_literal(case, thr, topk, absent):
    scores, targets = case
    counts = literal_counts(scores.tolist(), targets.tolist(), thr, topk)
    expected = literal_meter(*counts, absent)
    assert measure(scores, targets, thr, topk, absent) == pytest.approx(
        expected
    )


def test_equals_sklearn(case):
    scores, targets = case
    counts = count_labels(scores >= 0.5, targets)
    for c, (p, r, f1) in enumerate(
        zip(*precision_recall_f1(counts), strict=True)
    ):
        known = targets[:, c] >= 0
        if not known.any():  # scikit-learn wants at least one sample
            assert [p, r, f1, counts.present[c]] == [0, 0, 0, 0]
            continue
        expected = precision_recall_fscore_support(
            targets[known, c],
            scores[known, c] >= 0.5,
            labels=[1],
            average=None,
            zero_division=0,
        )
        got = p, r, f1, counts.present[c]
        assert [float(v) for v in got] == pytest.approx(
            [float(v[0]) for v in expected]
        )


def test_overall_equals_sklearn_micro():
    generator = torch.Generator().manual_seed(3)
    scores = torch.rand(50, 6, generator=generator)
    targets = torch.randint(0, 2, (50, 6), generator=generator)
    got = measure(scores, targets)
    for average, names in (('micro', ['OP', 'OR', 'OF1']), ('macro', None)):
        expected = precision_recall_fscore_support(
            targets, scores >= 0.5, average=average
        )[:3]
        names = names or ['CP', 'CR', 'F1_macro']
        assert [got[n] for n in names] == pytest.approx(
            [100 * v for v in expected]
        )


def test_harmonic_and_mean_f1_differ():
    # Class 0: P 1, R 1/2. Class 1: P 1/2, R 1.
    scores = torch.tensor([[0.9, 0.9], [0.1, 0.9]])
    targets = torch.tensor([[1, 1], [1, 0]])
    got = measure(scores, targets)
    assert got['CP'] == got['CR'] == got['CF1'] == 75
    assert got['F1_macro'] == pytest.approx(200 / 3)


def test_false_positives_of_an_absent_class_stay_in_op():
    scores = torch.tensor([[0.9, 0.9]])
    targets = torch.tensor([[1, 0]])
    skip, zero = (measure(scores, targets, absent=a) for a in ('skip', 'zero'))
    assert skip['OP'] == zero['OP'] == 50
    assert (skip['CP'], zero['CP']) == (100, 50)


def test_unknown_targets_count_nowhere():
    scores = torch.tensor([[0.9, 0.9, 0.1], [0.9, 0.1, 0.9]])
    targets = torch.tensor([[1, -1, -1], [-1, 1, 1]])
    got = measure(scores, targets)
    assert (got['OP'], got['OR']) == (100, pytest.approx(200 / 3))


def test_tied_with_the_kth_are_kept():
    scores = torch.tensor([[0.9, 0.8, 0.8, 0.8, 0.7]])
    labels = predicted_labels(scores, 0.5, topk=2)
    assert labels.tolist() == [[True, True, True, True, False]]
    assert not predicted_labels(scores, 0.85, topk=2)[0, 1:].any()


@pytest.mark.parametrize('absent', ['skip', 'zero'])
def test_nothing_positive_is_zero(absent):
    scores = torch.tensor([[0.9, 0.1]])
    for targets in (torch.zeros(1, 2), -torch.ones(1, 2)):
        got = measure(scores, targets, absent=absent)
        assert set(got.values()) == {0}
        ap = average_precision(scores, targets)
        assert class_mean(ap, (targets == 1).any(0), absent) == 0


@pytest.mark.parametrize('topk', [None, 2])
def test_leaves_its_arguments_alone(case, topk):
    scores, targets = (tensor.clone() for tensor in case)
    measure(scores, targets, topk=topk)
    resolve_difficult(targets, 'positive')
    assert scores.equal(case[0])
    assert targets.equal(case[1])


def test_difficult_policies():
    targets = torch.tensor([1, 0, -1, DIFFICULT])
    for policy, meaning in (('ignore', -1), ('negative', 0), ('positive', 1)):
        resolved = resolve_difficult(targets, policy)
        assert resolved.tolist() == [1, 0, -1, meaning]


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_threshold_is_compared_in_the_dtype_of_the_scores(dtype):
    # 0.7 rounds down in float16: a score written as 0.7 still reaches it.
    scores = torch.tensor([[0.7, 0.69]]).to(dtype)
    assert predicted_labels(scores, 0.7, topk=2).tolist() == [[True, False]]
