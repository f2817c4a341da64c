import pickle

import mmengine
import pytest
import torch
from mmengine.evaluator import DumpResults

from mmsrdl.analysis import PredictionDump
from mmsrdl.evaluation.metrics import DumpPredictions

from .conftest import CLASSES, make_samples, write_dump


@pytest.fixture
def samples(tmp_path):
    return make_samples(tmp_path, count=6)


def test_content(dump):
    assert dump.classes == CLASSES
    assert dump.scores.shape == dump.targets.shape == (40, 5)
    assert dump.thr == 0.4
    assert dump.metric['ap'] == 'area'
    assert dump.dataset == 'type MultiLabelJson, data_root <i>data</i>'
    assert set(dump.targets.unique().tolist()) == {-1, 0, 1}
    assert (dump.targets[::5, -2] == -1).all()
    assert not (dump.targets[:, -1] == 1).any()


def test_difficult_labels(tmp_path, samples):
    for sample in samples:
        sample['gt_label_difficult'] = [4]
    policies = dict(ap='ignore', f1='positive')
    record = dict(classes=CLASSES, metric=dict(difficult=policies))
    path = write_dump(tmp_path / 'a.pkl', samples, record)
    dump = PredictionDump.load(path)
    assert (dump.ap_targets[:, 4] == -1).all()
    assert (dump.known_targets[:, 4] == 1).all()


def test_written_dump_is_that_of_mmengine(tmp_path, samples):
    """Their readers see their list; ours sees more; and it is smaller."""
    batch = torch.rand(6, 5)
    for sample, scores in zip(samples, batch):
        sample['pred_score'] = scores
    theirs, ours = tmp_path / 'theirs.pkl', tmp_path / 'ours.pkl'
    record = dict(config='a.py', metric=dict(thr=0.3))
    for metric in (
        DumpResults(str(theirs)),
        DumpPredictions(str(ours), record),
    ):
        metric.dataset_meta = dict(classes=CLASSES, protocol='voc07')
        metric.process(None, samples)
        assert metric.evaluate(size=6) == {}
    for a, b in zip(mmengine.load(theirs), mmengine.load(ours)):
        assert a.keys() == b.keys()
        for key in a:
            if isinstance(a[key], torch.Tensor):
                assert torch.equal(a[key], b[key])
            else:
                assert a[key] == b[key]
    # A row of a batch takes the whole batch along.
    assert ours.stat().st_size < theirs.stat().st_size

    dump = PredictionDump.load(ours)
    assert dump.classes == CLASSES
    assert torch.equal(dump.scores, batch)
    assert dump.record['config'] == 'a.py'
    assert dump.record['protocol'] == 'voc07'
    assert dump.thr == 0.3
    dump = PredictionDump.load(theirs, classes=CLASSES)
    assert torch.equal(dump.scores, batch)
    assert dump.record == {}


def test_same_images_have_the_same_sum(tmp_path, samples):
    path = tmp_path / 'a.pkl'
    sums = []
    for chosen in (samples, samples[::-1], samples[1:]):
        write_dump(path, chosen, dict(classes=CLASSES))
        sums.append(PredictionDump.load(path).images_sha256)
    assert sums[0] == sums[1] != sums[2]


def change(samples, **fields):
    return [{**sample, **fields} for sample in samples]


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda s: [], 'is empty: it holds no image'),
        (lambda s: dict(a=1), 'is no dump, which is a list with a dict'),
        (lambda s: [1, 2], 'is no dump, which is a list with a dict'),
        (lambda s: [dict(caption='a dog')], 'holds no pred_score of labels'),
        (lambda s: change(s, pred_score=None), 'values of a wrong kind'),
        (lambda s: change(s, gt_label='dog'), 'values of a wrong kind'),
        (
            lambda s: change(s, pred_score=torch.rand(7)),
            'has scores of 7 classes, but there are 5 class names',
        ),
        (
            lambda s: change(s, pred_score=torch.full((5,), torch.nan)),
            '<b>0.png is NaN',
        ),
        (
            lambda s: change(s, pred_score=torch.randn(5) - 3),
            'are they logits',
        ),
        (
            lambda s: change(s, pred_score=torch.randn(5).softmax(0)),
            'is of a single-label model',
        ),
        (
            lambda s: [{k: x[k] for k in x if 'gt' not in k} for x in s],
            'has neither gt_label nor gt_score',
        ),
        (lambda s: [*s, dict(print=print)], 'asks for builtins.print'),
    ],
)
def test_wrong_content(tmp_path, samples, make, message):
    record = dict(classes=CLASSES)
    path = write_dump(tmp_path / 'a.pkl', make(samples), record)
    with pytest.raises(ValueError, match=message) as caught:
        PredictionDump.load(path)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    'record',
    [
        b'{',
        b'[]x',
        b'{"mmsrdl_dump": 2}',
        b'{"classes": ["a"]}',
        b'{"mmsrdl_dump": 1, "metric": {"thr": "0.5"}}',
        b'{"mmsrdl_dump": 1, "metric": {"difficult": "ignore"}}',
        b'{"mmsrdl_dump": 1, "metric": {"ap": "best"}}',
        b'{"mmsrdl_dump": 1, "dataset": "VOC"}',
        b'{"mmsrdl_dump": 1, "versions": [1]}',
    ],
)
def test_damaged_record(tmp_path, samples, record):
    path = tmp_path / 'a.pkl'
    path.write_bytes(pickle.dumps(samples, protocol=2) + record)
    with pytest.raises(ValueError, match='The record at the end of .*a.pkl'):
        PredictionDump.load(path)


def test_wrong_files(tmp_path, samples):
    with pytest.raises(FileNotFoundError, match='There is no dump .*none.pkl'):
        PredictionDump.load(tmp_path / 'none.pkl')
    path = write_dump(tmp_path / 'a.pkl', samples)
    with pytest.raises(ValueError, match='does not tell the class names'):
        PredictionDump.load(path)
    with pytest.raises(ValueError, match='scores of 5 classes, .* are 20'):
        PredictionDump.load(path, classes='voc')
    path.write_text('score,label\n')
    with pytest.raises(ValueError, match='a.pkl|Refused'):
        PredictionDump.load(path)
