from functools import partial

import pytest
import torch

from mmsrdl.evaluation.functional import count_labels, precision_recall_f1
from mmsrdl.evaluation.threshold_choice import (
    choose_thresholds,
    count_at_thresholds,
    labels_by_halves,
)


def figures(scores, targets, threshold):
    """Precision, recall and F1 of one column at a threshold."""
    counts = count_labels((scores >= threshold)[:, None], targets[:, None])
    return [value.item() for value in precision_recall_f1(counts)]


@pytest.mark.parametrize('scope', ['class', 'global'])
@pytest.mark.parametrize(
    ('by', 'target'), [('f1', None), ('precision', 0.7), ('recall', 0.6)]
)
def test_no_score_is_a_better_threshold(case, by, target, scope):
    scores, targets = case
    choice = choose_thresholds(scores, targets, by, target, scope, 0.25)
    thresholds, chosen, reached = choice
    assert thresholds.shape == chosen.shape == reached.shape
    columns = list(zip(scores.T, targets.T))
    if scope == 'global':
        assert len(set(thresholds.tolist())) == 1
        columns = [(scores.flatten(), targets.flatten())]
    for (score, target_), threshold, is_chosen, is_reached in zip(
        columns, thresholds, chosen, reached
    ):
        assert is_chosen == (target_ == 1).any()
        if not is_chosen:
            assert threshold == 0.25 and is_reached
            continue
        assert threshold in score
        found = figures(score, target_, threshold)
        every = {t.item(): figures(score, target_, t) for t in score.unique()}
        if by == 'f1':
            assert found[2] == max(f1 for *_, f1 in every.values())
            continue
        index = 0 if by == 'precision' else 1
        enough = [t for t, f in every.items() if f[index] >= target]
        assert is_reached == bool(enough)
        if not enough:
            assert found[0] == max(p for p, *_ in every.values())
        else:
            best = min(enough) if by == 'precision' else max(enough)
            assert threshold.item() == best


def test_counts_at_many_thresholds(case):
    scores, targets = case
    grid = torch.tensor([0.0, 0.25, 0.4999, 0.5, 0.75, 0.9999, 1.0])
    counts = count_at_thresholds(scores, targets, grid)
    for index, threshold in enumerate(grid):
        expected = count_labels(scores >= threshold, targets)
        for found, part in zip(counts, expected):
            assert torch.equal(found[index], part)


def test_a_half_is_labelled_by_the_other_one():
    scores = torch.tensor([[0.9], [0.4], [0.2], [0.3]])
    targets = torch.tensor([[1], [1], [0], [0]])
    choose = partial(choose_thresholds, by='f1')
    labels = labels_by_halves(
        scores, targets, lambda s, t: choose(s, t).thresholds
    )
    # 0.9 is chosen on the even images, 0.4 on the odd ones.
    assert labels.flatten().tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(by='F2'), "by must be one of .* got 'F2'"),
        (dict(scope='image'), "got 'f1' and 'image'"),
        (dict(by='precision'), 'by precision needs a target'),
        (dict(target=0.5), 'by f1 takes no target'),
        (dict(by='recall', target=90), r'in \(0, 1\], got 90'),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        choose_thresholds(torch.rand(4, 2), torch.ones(4, 2), **options)
