import csv
import json
import pickle

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmpretrain.evaluation import (
    AveragePrecision,
    MultiLabelMetric,
    VOCAveragePrecision,
    VOCMultiLabelMetric,
)
from mmpretrain.registry import METRICS
from mmpretrain.structures import DataSample

from mmsrdl.evaluation import MultiLabelRecognitionMetric
from mmsrdl.evaluation.functional import (
    average_precision,
    count_labels,
    predicted_labels,
    summarise_counts,
)

KEYS = ['mAP', 'CP', 'CR', 'CF1', 'OP', 'OR', 'OF1', 'F1_macro']
TOP3 = ['CP_top3', 'CR_top3', 'CF1_top3', 'OP_top3', 'OR_top3', 'OF1_top3']


def sample(score, label=None, gt_score=None, difficult=None, **meta):
    if difficult is not None:
        meta['gt_label_difficult'] = difficult
    data_sample = DataSample(metainfo=meta)
    if score is not None:
        data_sample.set_pred_score(score)
    if label is not None:
        data_sample.set_gt_label(label)
    if gt_score is not None:
        data_sample.set_gt_score(gt_score)
    return data_sample


def evaluate(samples, meta=None, chunk_size=4, **kwargs):
    evaluator = Evaluator(MultiLabelRecognitionMetric(**kwargs))
    evaluator.dataset_meta = meta
    results = evaluator.offline_evaluate(samples, chunk_size=chunk_size)
    return {
        name.removeprefix('multi-label/'): value
        for name, value in results.items()
    }


def random_samples(num_images=60, num_classes=5, seed=0):
    """Scores, labels, and difficult labels that also may be ordinary."""
    rng = np.random.default_rng(seed)
    return [
        sample(
            torch.tensor(rng.random(num_classes)).float(),
            torch.tensor(rng.random(num_classes) < 0.4).nonzero().flatten(),
            difficult=np.flatnonzero(rng.random(num_classes) < 0.3).tolist(),
        )
        for _ in range(num_images)
    ]


def test_equals_functions(case):
    scores, targets = case
    samples = [
        sample(score, gt_score=target.float())
        for score, target in zip(scores, targets, strict=True)
    ]
    ap = average_precision(scores, targets)
    labels, top = (predicted_labels(scores, 0.5, k) for k in (None, 3))
    expected = dict(mAP=100 * ap[(targets == 1).any(0)].mean().item())
    expected.update(summarise_counts(count_labels(labels, targets)))
    for name, value in summarise_counts(count_labels(top, targets)).items():
        expected[f'{name}_top3'] = value
    del expected['F1_macro_top3']
    got = evaluate(samples, topk=3)
    assert list(got) == KEYS + TOP3
    assert got == pytest.approx(expected)
    zero = evaluate(samples, absent='zero')
    assert zero['mAP'] == pytest.approx(100 * ap.mean().item())


def test_labels_and_scores_are_the_same_truth():
    samples = random_samples()
    scored = [
        sample(s.pred_score, gt_score=torch.zeros(5).index_fill(
            0, s.gt_label, 1))
        for s in samples
    ]  # fmt: skip
    assert evaluate(scored) == evaluate(samples, difficult='negative')
    mixed = [a if i % 3 else b for i, (a, b) in enumerate(zip(
        samples, scored, strict=True))]  # fmt: skip
    assert evaluate(mixed, difficult='negative') == evaluate(scored)


@pytest.mark.parametrize(
    ('policy', 'as_positive'),
    [('ignore', None), ('negative', False), ('positive', True)],
)
def test_difficult_equals_mmpretrain(policy, as_positive):
    samples = random_samples()
    evaluator = Evaluator([
        VOCAveragePrecision(difficult_as_positive=as_positive),
        VOCMultiLabelMetric(difficult_as_positive=as_positive),
        VOCMultiLabelMetric(
            difficult_as_positive=as_positive, average='micro'
        ),
    ])  # fmt: skip
    theirs = evaluator.offline_evaluate(samples, chunk_size=7)
    ours = evaluate(samples, difficult=policy)
    for name, upstream in dict(
        mAP='mAP',
        CP='precision',
        CR='recall',
        F1_macro='f1-score',
        OP='precision_micro',
        OR='recall_micro',
        OF1='f1-score_micro',
    ).items():
        assert ours[name] == pytest.approx(
            theirs[f'multi-label/{upstream}'], rel=1e-5
        )


def test_difficult_of_ap_and_f1_apart():
    samples = random_samples()
    both = {
        policy: evaluate(samples, difficult=policy)
        for policy in ('ignore', 'negative', 'positive')
    }
    assert len({results['mAP'] for results in both.values()}) == 3
    got = evaluate(samples, difficult=dict(ap='positive', f1='negative'))
    assert got == {**both['negative'], 'mAP': both['positive']['mAP']}


@pytest.mark.parametrize('policy', ['ignore', 'negative', 'positive'])
def test_unknown_stays_unknown_under_every_policy(policy):
    samples = [
        sample([0.9, 0.8], gt_score=[1, -1], difficult=[1]),
        sample([0.1, 0.9], gt_score=[0, 1], difficult=[]),
    ]
    got = evaluate(samples, difficult=policy)
    assert set(got.values()) == {100}


def test_runs_beside_mmpretrain_metrics_without_changing_samples():
    samples = random_samples()
    for i, s in enumerate(samples):
        s.set_gt_score(torch.zeros(5).index_fill(0, s.gt_label, 1))
        s.gt_score[i % 7 % 5] = -1
    before = pickle.dumps([s.to_dict() for s in samples])
    alone = Evaluator(MultiLabelRecognitionMetric()).offline_evaluate(samples)
    assert pickle.dumps([s.to_dict() for s in samples]) == before
    metrics = [
        MultiLabelRecognitionMetric(),
        AveragePrecision(prefix='theirs'),
        MultiLabelMetric(),
    ]
    first = Evaluator(metrics).offline_evaluate(samples)
    assert alone.items() <= first.items()


@pytest.mark.parametrize('chunk_size', [1, 7, 60])
def test_does_not_depend_on_batches_or_order(chunk_size):
    samples = random_samples()
    expected = evaluate(samples, topk=3, chunk_size=4)
    order = np.random.default_rng(chunk_size).permutation(len(samples))
    shuffled = [samples[i] for i in order]
    got = evaluate(shuffled, topk=3, chunk_size=chunk_size)
    assert got == pytest.approx(expected, rel=1e-12)


def test_stores_little_per_sample():
    metric = MultiLabelRecognitionMetric()
    samples = [s.to_dict() for s in random_samples(100, num_classes=80)]
    metric.process(None, samples)
    stored = [t.untyped_storage() for pair in metric.results for t in pair]
    assert sum(storage.nbytes() for storage in stored) == 100 * 5 * 80


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_scores(dtype):
    samples = random_samples()
    for s in samples:
        s.pred_score = s.pred_score.to(dtype)
    half = evaluate(samples)
    for s in samples:
        s.pred_score = s.pred_score.float()
    assert half == evaluate(samples)


def test_thresholds():
    samples = [sample([0.3, 0.7], [0, 1])]
    assert evaluate(samples, thr=0.3)['OR'] == 100
    assert evaluate(samples, thr=0.7)['OR'] == 50
    assert evaluate(samples, thr=0)['OR'] == 100
    assert evaluate(samples, thr=0.71)['OR'] == 0


def test_single_image_and_no_labels():
    got = evaluate([sample([0.9, 0.1], [0])])
    assert set(got.values()) == {100}
    for absent in ('skip', 'zero'):
        got = evaluate([sample([0.9, 0.1], [])], absent=absent)
        assert set(got.values()) == {0}


def test_log_states_protocol_and_classes(monkeypatch):
    lines = []
    monkeypatch.setattr(
        'mmengine.logging.MMLogger.info', lambda self, text: lines.append(text)
    )
    evaluate(
        [
            sample([0.9, 0.1, 0.9], [0], difficult=[2]),
            sample([0.9, 0.1, 0.2], [0], difficult=[]),
        ],
        meta=dict(classes=('cat', 'dog', 'teddy bear')),
        topk=3,
        difficult=dict(ap='positive', f1='ignore'),
        classwise=True,
    )
    protocol, table = lines
    for part in (
        '2 images',
        '3 classes',
        '1 for AP, 2 for P/R/F1',
        'positive for AP, ignore for P/R/F1',
        'AP area',
        'score >= 0.5',
        'top 3',
    ):
        assert part in protocol
    rows = [
        [cell.strip() for cell in line.split('|')[1:-1]]
        for line in table.strip().splitlines()
    ]
    figures = ['AP', 'P', 'R', 'F1', 'support', 'best F1', 'best thr']
    assert rows[0] == ['class', *figures]
    assert rows[2] == ['cat'] + ['100.00'] * 4 + ['2', '100.00', '0.9000']
    assert rows[3] == ['dog', '-', '-', '-', '-', '0', '-', '-']
    assert rows[4] == ['teddy bear', '100.00', '-', '-', '-', '0', '-', '-']


def test_table_without_class_names(monkeypatch):
    lines = []
    monkeypatch.setattr(
        'mmengine.logging.MMLogger.info', lambda self, text: lines.append(text)
    )
    evaluate([sample([0.9, 0.1], [0])], classwise=True, absent='zero')
    assert '| 1 ' in lines[1]
    *figures, best_f1, best_threshold = lines[1].splitlines()[-1].split()[1::2]
    assert figures == ['1', '0.00', '0.00', '0.00', '0.00', '0']
    assert best_f1 == best_threshold == '-'


def test_class_table_is_written(tmp_path):
    samples = random_samples()
    prefix = tmp_path / 'new' / 'srdl.epoch_1'
    meta = dict(classes=('cat', 'dog', 'a, b', 'été', 'person'))
    evaluate(samples, meta, outfile_prefix=str(prefix), ap='11point')
    assert sorted(path.name for path in prefix.parent.iterdir()) == [
        'srdl.epoch_1.csv',
        'srdl.epoch_1.json',
    ]
    content = json.loads(prefix.with_name('srdl.epoch_1.json').read_bytes())
    assert '60 images' in content['protocol']
    assert 'AP 11point' in content['protocol']
    rows = content['classes']
    assert [row['class'] for row in rows] == [*meta['classes']]
    for row in rows:
        assert row['best F1'] >= row['F1'] > 0
        assert 0 < row['best thr'] < 1
    with open(f'{prefix}.csv', encoding='utf-8', newline='') as file:
        read = list(csv.DictReader(file))
    assert read == [
        {key: str(value) for key, value in row.items()} for row in rows
    ]


def test_class_without_figures_is_empty_in_the_files(tmp_path):
    evaluate([sample([0.9, 0.1], [0])], outfile_prefix=f'{tmp_path}/table')
    content = json.loads((tmp_path / 'table.json').read_text())
    figures = dict.fromkeys(('AP', 'P', 'R', 'F1', 'best F1', 'best thr'))
    assert content['classes'][1] == {'class': '1', 'support': 0, **figures}
    lines = (tmp_path / 'table.csv').read_text().splitlines()
    assert lines[-1] == '1,,,,,0,,'


def test_is_registered():
    metric = METRICS.build(dict(type='MultiLabelRecognitionMetric'))
    assert isinstance(metric, MultiLabelRecognitionMetric)
    assert metric.prefix == 'multi-label'
    assert MultiLabelRecognitionMetric(prefix='a').prefix == 'a'


@pytest.mark.parametrize(
    ('samples', 'meta', 'message'),
    [
        ([sample([0.1, float('nan')], [0], img_path='a.jpg')], {}, 'a.jpg'),
        ([sample([0.1, 0.2], [2])], {}, 'names class 2.*2 classes'),
        ([sample([0.1, 0.2], torch.tensor([-1]))], {}, 'names class -1'),
        ([sample([0.1, 0.2], [0], difficult=[5])], {}, 'gt_label_difficult'),
        ([sample([0.1, 0.2], [0])], {'classes': 'abc'}, '3 classes'),
        ([sample([0.1, 0.2], [0]), sample([0.1] * 3, [0])], {}, 'pred_score'),
        ([sample([0.1, 0.2], gt_score=[1, 0.7])], {}, 'Soft targets'),
        ([sample([0.1, 0.2], gt_score=[1, 3.0])], {}, 'gt_score is 3'),
        ([sample(None, [0])], {}, 'no pred_score'),
        ([sample([0.1, 0.2])], {}, 'neither gt_label nor gt_score'),
        ([sample([0.1, 0.2], [0])], {'has_difficult': True}, 'meta_keys'),
        ([], {}, 'No sample'),
    ],
)
def test_bad_samples(samples, meta, message):
    with pytest.raises(ValueError, match=message):
        evaluate(samples, meta)


@pytest.mark.parametrize(
    ('difficult', 'needed'),
    [
        ('negative', False),
        ('ignore', True),
        ('positive', True),
        (dict(ap='negative', f1='negative'), False),
        (dict(ap='negative', f1='ignore'), True),
        (dict(ap='positive', f1='negative'), True),
    ],
)
def test_difficult_labels_are_asked_for_where_they_count(difficult, needed):
    samples = [sample([0.9, 0.2], [0]), sample([0.3, 0.8], [1])]
    kwargs = dict(meta={'has_difficult': True}, difficult=difficult)
    if needed:
        with pytest.raises(ValueError, match='meta_keys of PackInputs'):
            evaluate(samples, **kwargs)
    else:
        assert set(evaluate(samples, **kwargs).values()) == {100}


def test_an_empty_batch_changes_nothing():
    metric = MultiLabelRecognitionMetric()
    metric.dataset_meta = {'classes': ('cat', 'dog')}
    metric.process(None, [])
    metric.process(None, [sample([0.9, 0.1], [0]).to_dict()])
    metric.process(None, [])
    assert len(metric.results) == 1
    assert set(metric.evaluate(1).values()) == {100}


def test_batches_of_different_class_numbers():
    samples = [sample([0.1, 0.2], [0]), sample([0.1, 0.2, 0.3], [0])]
    with pytest.raises(ValueError, match=r'\[2, 3\]'):
        evaluate(samples, chunk_size=1)


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(thr=None), 'thr'),
        (dict(thr=float('nan')), 'thr'),
        (dict(topk=0), 'topk'),
        (dict(topk=2.0), 'topk'),
        (dict(ap='voc'), 'interpolated'),
        (dict(difficult='skip'), 'negative'),
        (dict(difficult=dict(ap='ignore')), 'ap=..., f1=...'),
        (dict(difficult=dict(ap='ignore', f1='x')), 'negative'),
        (dict(absent='ignore'), 'skip'),
    ],
)
def test_bad_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        MultiLabelRecognitionMetric(**kwargs)


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_samples_on_a_gpu():
    samples = random_samples()
    assert evaluate([s.cuda() for s in samples]) == evaluate(samples)
