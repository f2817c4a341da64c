"""Real processes exchange results; each case runs in both of them."""

import numpy as np
import pytest
import torch
from mmengine.dist import collect_results
from ranks import run_ranks

from mmsrdl.evaluation import MultiLabelRecognitionMetric
from mmsrdl.evaluation.metrics import rank_gather

C = 4
# Samples of the data set that each rank holds, in order, and its size.
CASES = {
    'even': ([[0, 2, 4], [1, 3, 5]], 6),
    'padded by the sampler': ([[0, 2, 4, 6], [1, 3, 5, 0]], 7),
    'uneven': ([[0, 2, 4, 6], [1, 3, 5]], 7),
    'very uneven': ([[0], [1, 2, 3, 4, 5, 6, 0, 1]], 7),
    'nothing on the first rank': ([[], [0, 1, 2, 3]], 4),
    'nothing on the second rank': ([[0, 1, 2, 3], []], 3),
    'one sample for both': ([[0], [0]], 1),
}


def make_samples():
    """Scores with ties, unknown and difficult labels."""
    rng = np.random.default_rng(0)
    return [
        dict(
            pred_score=torch.tensor(rng.integers(0, 6, C) / 5).float(),
            gt_score=torch.tensor(rng.choice([0.0, 1, 1, -1], C)),
            gt_label_difficult=np.flatnonzero(rng.random(C) < 0.3).tolist(),
        )
        for _ in range(7)
    ]


def feed(metric, indices):
    samples = make_samples()
    batches = [indices[i : i + 3] for i in range(0, len(indices), 3)]
    for batch in batches:
        metric.process(None, [samples[i] for i in batch])


def fail(results):
    raise OSError('full disk')


def work(rank, folder):
    """What a process does: run all cases."""
    got = {}
    for bytes_at_once in (2**26, 2 * 4 * C):  # one parcel; many
        rank_gather._BYTES_AT_ONCE = bytes_at_once
        for name, (parts, size) in CASES.items():
            metric = MultiLabelRecognitionMetric(
                topk=3, difficult=dict(ap='positive', f1='ignore')
            )
            feed(metric, parts[rank])
            gathered = rank_gather.gather_batches(metric.results, size)
            rows = [
                collect_results(parts[rank], size, device, tmpdir)
                for device, tmpdir in (('gpu', None), ('cpu', f'{folder}/d'))
            ]
            got[name, bytes_at_once] = metric.evaluate(size), gathered, rows
    for parts in (
        ([], []),
        ([(torch.rand(1, 2),) * 2], [(torch.rand(1, 3),) * 2]),
    ):
        with pytest.raises(ValueError) as error:
            rank_gather.gather_batches(parts[rank], 2)
        got[len(parts[0])] = str(error.value)
    metric = MultiLabelRecognitionMetric()
    feed(metric, [rank])
    metric.compute_metrics = fail
    with pytest.raises((OSError, RuntimeError)) as error:
        metric.evaluate(2)
    got['failed'] = repr(error.value)
    return got


@pytest.fixture(scope='module')
def ranks(tmp_path_factory):
    """What each of two processes got."""
    return run_ranks(work, tmp_path_factory.mktemp('ranks'))


@pytest.mark.parametrize('bytes_at_once', [2**26, 2 * 4 * C])
@pytest.mark.parametrize('name', CASES)
def test_ranks_share_the_samples_that_mmengine_collects(
    ranks, name, bytes_at_once
):
    (first, gathered, rows), (second, nothing, _) = (
        got[name, bytes_at_once] for got in ranks
    )
    size = CASES[name][1]
    assert rows[0] == rows[1]
    assert len(rows[0]) == size
    alone = MultiLabelRecognitionMetric(
        topk=3, difficult=dict(ap='positive', f1='ignore')
    )
    feed(alone, rows[0])
    for ours, expected in zip(
        gathered, rank_gather.join_batches(alone.results), strict=True
    ):
        assert ours.dtype == expected.dtype
        assert ours.equal(expected)
    assert [len(rows) for rows in nothing] == [0, 0]
    assert first == second == alone.evaluate(size)


def test_all_ranks_refuse_what_one_cannot_use(ranks):
    for got in ranks:
        assert got[0] == 'No sample was evaluated.'
        assert got[1].endswith('numbers of classes: [2, 3].')


def test_no_rank_waits_for_one_that_fails(ranks):
    assert [got['failed'] for got in ranks] == [
        "OSError('full disk')",
        "RuntimeError('Rank 0 failed with OSError: full disk')",
    ]
