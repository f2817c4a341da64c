import json
from types import SimpleNamespace

import pytest
import torch

from mmsrdl.apis.label_choice import choose_labels, find_thresholds

CLASSES = ('dog', 'hot dog', '海滩')


@pytest.mark.parametrize(
    'options, head, expected',
    [
        (dict(), dict(thr=0.5, topk=None), [3, 0, 2]),
        (dict(), dict(thr=None, topk=2), [3, 0]),
        (dict(), dict(thr=0.95, topk=2), []),
        (dict(thr=0.3), dict(thr=0.5, topk=2), [3, 0, 2, 1]),
        (dict(thr=0.0), dict(thr=0.5, topk=None), [3, 0, 2, 1, 4]),
        (dict(topk=3), dict(thr=0.95, topk=None), [3, 0, 2]),
        (dict(thr=0.8, topk=3), dict(thr=0.5, topk=1), [3, 0]),
        (dict(thr=[0.9, 0.2, 0.6, 0.9, 0.1]), {}, [3, 1, 4]),
        (dict(thr=[0.9, 0.2, 0.6, 0.9, 0.1], topk=2), {}, [3, 1]),
    ],
)
def test_choice(options, head, expected):
    scores = torch.tensor([0.8, 0.3, 0.5, 0.9, 0.1])
    thr = options.get('thr')
    if isinstance(thr, list):
        thr = torch.tensor(thr)
    labels = choose_labels(
        scores, thr, options.get('topk'), SimpleNamespace(**head)
    )
    assert labels.tolist() == expected


def test_equal_scores_rank_by_index():
    scores = torch.tensor([0.5, 0.7, 0.5, 0.7])
    assert choose_labels(scores, None, 3, None).tolist() == [1, 3, 0]


def test_scores_that_are_no_numbers():
    scores = torch.tensor([0.5, float('nan')])
    with pytest.raises(ValueError, match='NaN'):
        choose_labels(scores, 0.5, None, None)


def test_a_score_reaches_itself_through_a_file(tmp_path):
    """What a tool writes as a threshold is reached by the score it was."""
    scores = torch.rand(3, generator=torch.Generator().manual_seed(0))
    path = tmp_path / 'thr.json'
    thresholds = dict(zip(CLASSES, scores.tolist()))
    content = dict(thresholds=thresholds, target='F1')
    path.write_text(json.dumps(content, ensure_ascii=False), 'utf-8')
    for thr in (path, str(path), thresholds):
        thr = find_thresholds(thr, CLASSES)
        assert torch.equal(thr, scores)
        assert len(choose_labels(scores, thr, None, None)) == 3


@pytest.mark.parametrize(
    'thr, message',
    [
        (1.5, r'thr must be in \[0, 1\], got 1.5'),
        (float('nan'), r'thr must be in \[0, 1\], got nan'),
        ([0.5], 'thr must be a number, a dict'),
        (
            {'hotdog': 0.5},
            r"thr: the model has no class 'hotdog' \(did you mean 'hot dog'",
        ),
        ({'dog': 0.5}, 'no threshold for 2 of 3 classes: hot dog, 海滩'),
        ({c: 2 for c in CLASSES}, r"thr: 'dog' must be in \[0, 1\], got 2"),
        ({c: '0.5' for c in CLASSES}, r"must be in \[0, 1\], got '0.5'"),
        ({c: None for c in CLASSES}, r'must be in \[0, 1\], got None'),
        ({c: True for c in CLASSES}, r'must be in \[0, 1\], got True'),
    ],
)
def test_wrong_thresholds(thr, message):
    with pytest.raises(ValueError, match=message):
        find_thresholds(thr, CLASSES)


@pytest.mark.parametrize(
    'content, message',
    [
        (b'{"thresholds": {', 'is not a file of thresholds: it must be JSON'),
        (b'{"dog": 0.5}', 'is not a file of thresholds'),
        (b'[0.5]', 'is not a file of thresholds'),
        (b'{"thresholds": 0.5}', 'is not a file of thresholds'),
        (b'\xff\xfe', 'not UTF-8'),
        (b'{"thresholds": {"cat": 0.5}}', "x.json': the model has no class"),
        (b'{"thresholds": {}}', "x.json': no threshold for 3 of 3 classes"),
    ],
)
def test_broken_files(tmp_path, content, message):
    (tmp_path / 'x.json').write_bytes(content)
    with pytest.raises(ValueError, match=message):
        find_thresholds(tmp_path / 'x.json', CLASSES)


def test_missing_file():
    with pytest.raises(FileNotFoundError, match='nowhere.json'):
        find_thresholds('nowhere.json', CLASSES)
