import pytest
import torch

from mmsrdl.evaluation import (
    LocalisedLabels,
    localisation_columns,
    localisation_summary,
    localisation_table,
    match_labels,
)


def entries(*rows):
    image, label, score, hit, energy, area = map(
        torch.tensor, zip(*rows, strict=True)
    )
    return LocalisedLabels(image, label, score, hit, energy, area)


LABELS = entries(
    (0, 0, 0.9, True, 0.5, 0.2),
    (0, 2, 0.8, False, 0.25, 0.1),
    (1, 0, 0.7, True, 1.0, 0.4),
    (2, 0, 0.6, False, 0.0, 0.3),
)


def test_columns_of_the_classes():
    columns = localisation_columns(LABELS, 3)
    assert columns['labels'] == [3, 0, 1]
    assert columns['pointing'] == [pytest.approx(200 / 3), None, 0]
    assert columns['energy'] == [pytest.approx(50), None, 25]
    assert columns['area'] == [pytest.approx(30), None, pytest.approx(10)]


def test_summary():
    assert localisation_summary(LABELS, 3) == {
        'labels': 4,
        'pointing': 50,
        'energy': pytest.approx(43.75),
        'area': pytest.approx(25),
        'class_pointing': pytest.approx(100 / 3),
        'class_energy': pytest.approx(37.5),
        'class_area': pytest.approx(20),
    }


def test_nothing_to_summarise():
    none = LABELS.select(LABELS.score > 1)
    assert localisation_columns(none, 2) == {
        'labels': [0, 0],
        'pointing': [None, None],
        'energy': [None, None],
        'area': [None, None],
    }
    summary = localisation_summary(none, 2)
    assert summary.pop('labels') == 0
    assert set(summary.values()) == {None}


def test_labels_of_two_models_are_matched():
    other = entries(
        (2, 0, 0.1, True, 0.1, 0.3),
        (1, 2, 0.2, True, 0.2, 0.3),
        (0, 2, 0.3, True, 0.3, 0.1),
        (0, 1, 0.4, True, 0.4, 0.1),
    )
    first, second = match_labels(LABELS, other)
    for matched in (first, second):
        assert matched.image.tolist() == [0, 2]
        assert matched.label.tolist() == [2, 0]
    assert first.score.tolist() == pytest.approx([0.8, 0.6])
    assert second.score.tolist() == pytest.approx([0.3, 0.1])


def test_table_of_one_model_and_of_two():
    rows, table = localisation_table({'a': LABELS}, ['x', 'y', 'z'])
    assert rows == ['x', 'y', 'z', 'all labels', 'mean of classes']
    assert [*table] == ['labels', 'pointing', 'energy', 'area']
    assert table['labels'] == [3, 0, 1, 4, None]
    assert table['energy'] == pytest.approx([50, None, 25, 43.75, 37.5])
    _, table = localisation_table({'a': LABELS, 'b': LABELS}, ['x', 'y', 'z'])
    assert [*table][::4] == ['a labels', 'b labels']
    assert table['a area'] == table['b area']
