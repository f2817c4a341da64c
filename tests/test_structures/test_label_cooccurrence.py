import numpy as np
import pytest

from mmsrdl.structures import LabelCooccurrence, reweighted_adjacency

NAMES = ('cat', 'hot dog', 'person', 'unicorn')
LABELS = [[0, 2], [2], [], [0, 1, 2], [2, 2], [1]]
COUNTS = [[2, 1, 2, 0], [1, 2, 1, 0], [2, 1, 4, 0], [0, 0, 0, 0]]


@pytest.fixture
def statistics():
    return LabelCooccurrence.count(LABELS, NAMES, 'made up')


def test_counts_pairs_and_classes(statistics):
    assert statistics.names == NAMES
    assert statistics.counts.tolist() == COUNTS
    assert statistics.counts.dtype == np.int64
    assert statistics.num_images == 6


def test_probabilities_are_those_of_the_column_given_the_row(statistics):
    expected = [
        [1, 1 / 2, 1, 0],
        [1 / 2, 1, 1 / 2, 0],
        [1 / 2, 1 / 4, 1, 0],
        [0, 0, 0, 0],  # never seen: not NaN
    ]
    np.testing.assert_array_equal(statistics.conditional(), expected)


def test_does_not_depend_on_the_images_at_once(monkeypatch):
    rng = np.random.default_rng(0)
    labels = [np.flatnonzero(rng.random(30) < 0.2) for _ in range(500)]
    names = [f'class {i}' for i in range(30)]
    shown = np.zeros((500, 30), int)
    for row, label in zip(shown, labels, strict=True):
        row[label] = 1
    for at_once in (1, 7, 500, 4096):
        monkeypatch.setattr(
            'mmsrdl.structures.label_cooccurrence._IMAGES_AT_ONCE', at_once
        )
        got = LabelCooccurrence.count(iter(labels), names)
        np.testing.assert_array_equal(got.counts, shown.T @ shown)
        assert got.num_images == 500


def test_saved_statistics_read_back_the_same(statistics, tmp_path):
    path = tmp_path / 'new' / 'labels.npz'
    statistics.save(path)
    again = LabelCooccurrence.load(path)
    assert again.names == NAMES
    assert again.source == 'made up'
    assert again.num_images == 6
    np.testing.assert_array_equal(again.counts, statistics.counts)


def test_classes_are_found_by_name(statistics):
    part = statistics.align(['person', 'cat'])
    assert part.names == ('person', 'cat')
    assert part.counts.tolist() == [[4, 2], [2, 2]]
    assert part.num_images == 6
    with pytest.raises(ValueError, match=r"'hotdog' \(did you mean 'hot dog'"):
        statistics.align(['cat', 'hotdog'])


@pytest.mark.parametrize(
    ('labels', 'match'),
    [
        ([[0], [4]], r'Image 1 has label 4.*4 classes \(0 to 3\)'),
        ([[0, -1]], 'Image 0 has label -1'),
        ([], 'no image'),
    ],
)
def test_bad_labels_are_refused(labels, match):
    with pytest.raises(ValueError, match=match):
        LabelCooccurrence.count(labels, NAMES)


@pytest.mark.parametrize(
    ('arrays', 'match'),
    [
        (dict(counts=np.eye(3, dtype=int)), r'\(4, 4\).*\(3, 3\)'),
        (dict(counts=np.eye(4)), 'integers, got float64'),
        (dict(counts=np.triu(np.ones((4, 4), int))), 'symmetric'),
        (dict(counts=-np.eye(4, dtype=int)), 'not negative'),
        (dict(counts=np.ones((4, 4), int) + 1 - np.eye(4, dtype=int)), 'none'),
        (dict(num_images=1), 'number of images, 1'),
        (dict(num_images=[6]), r'\(1,\)'),
    ],
)
def test_a_bad_file_is_named_with_its_fault(tmp_path, arrays, match):
    path = tmp_path / 'bad.npz'
    good = dict(names=NAMES, counts=COUNTS, num_images=6, source='made up')
    np.savez(path, **{**good, **arrays})
    with pytest.raises(ValueError, match=match) as error:
        LabelCooccurrence.load(path)
    assert str(path) in str(error.value)
    assert 'not a label co-occurrence file' in str(error.value)


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(FileNotFoundError, match='label_cooccurrence.py'):
        LabelCooccurrence.load(tmp_path / 'none.npz')


def test_reweighted_adjacency():
    conditional = np.array(
        [[1, 0.4, 0.39, 0], [0.9, 1, 0, 0], [0.4, 0.9, 1, 0], [0, 0, 0, 0]]
    )
    before = conditional.copy()
    expected = [
        [1, 0.125, 0, 0],
        [0.125, 1, 0, 0],
        [0.125, 0.125, 1, 0],
        [0, 0, 0, 1],
    ]
    got = reweighted_adjacency(conditional)
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(conditional, before)
    # The paper's p, after both are divided by their sum.
    assert got[1, 0] + got[2, 0] == pytest.approx(0.2 * got[:, 0].sum())
