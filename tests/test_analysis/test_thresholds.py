import json
from dataclasses import replace

import pytest
import torch

from mmsrdl.analysis import ThresholdStudy, analyse_thresholds, measure_dump
from mmsrdl.apis.label_choice import find_thresholds

from .conftest import CLASSES


def test_file_is_that_of_the_inferencer(dump, tmp_path):
    study = ThresholdStudy(dump)
    path = tmp_path / 'deep/thresholds.json'
    study.save(path)
    chosen = study.choices['class'].thresholds
    assert torch.equal(find_thresholds(path, CLASSES), chosen)
    content = json.loads(path.read_text('utf-8'))
    assert content['chosen_by'] == 'best F1'
    assert content['chosen_on']['num_images'] == 40
    assert content['thresholds']['unicorn'] == pytest.approx(0.4)
    assert content['remarks'] == [
        'unicorn: have no positive and keep the default 0.4.'
    ]
    study.save(path, scope='global')
    thresholds = find_thresholds(path, CLASSES)
    assert len(thresholds.unique()) == 1


def test_effect_on_the_same_images(dump):
    study = ThresholdStudy(dump)
    effect = study.effect()
    assert [label.split(',')[0] for label in effect['labels']] == [
        'as tested: 0.4 for all',
        'one threshold for all',
        'a threshold per class',
        'one threshold for all',
        'a threshold per class',
    ]
    assert 'same images' in effect['labels'][1]
    assert 'other half' in effect['labels'][4]
    before = measure_dump(dump)
    for name in ('CF1', 'OF1', 'F1_macro'):
        assert effect[name][0] == pytest.approx(before[name])
    # Best possible where it was chosen, and less good elsewhere.
    assert effect['OF1'][1] >= effect['OF1'][0]
    assert effect['F1_macro'][2] >= effect['F1_macro'][0]
    assert effect['F1_macro'][2] > effect['F1_macro'][4]
    notes = ' '.join(analyse_thresholds(study).notes)
    assert 'chosen on, and too good to be true' in notes


def test_effect_on_other_images(dump):
    halves = [
        type(dump)(
            dump.classes,
            dump.scores[half::2],
            dump.targets[half::2],
            dump.paths[half::2],
            dump.record,
            f'half {half}',
        )
        for half in (0, 1)
    ]
    study = ThresholdStudy(halves[0], measured_on=halves[1])
    effect = study.effect()
    assert effect['labels'] == [
        'as tested: 0.4 for all',
        'one threshold for all',
        'a threshold per class',
    ]
    assert 'too good' not in ' '.join(analyse_thresholds(study).notes)
    thresholds = study.choices['class'].thresholds
    assert effect['OP'][0] == pytest.approx(measure_dump(halves[1])['OP'])
    hits = (halves[1].scores >= thresholds) & (halves[1].known_targets == 1)
    recall = hits.sum() / (halves[1].known_targets == 1).sum()
    assert effect['OR'][2] == pytest.approx(100 * recall.item())


def test_same_names_are_not_the_same_images(dump):
    """As where each folder numbers its images, or paths are unknown."""
    others = replace(dump, targets=1 - dump.targets.clamp(0, 1))
    assert not ThresholdStudy(dump, measured_on=others).is_same
    order = torch.arange(len(dump.scores)).flip(0)
    turned = replace(
        dump,
        scores=dump.scores[order],
        targets=dump.targets[order],
        paths=dump.paths[::-1],
    )
    assert ThresholdStudy(dump, measured_on=turned).is_same


def test_target_precision(dump):
    study = ThresholdStudy(dump, by='precision', target=0.9)
    table = analyse_thresholds(study).tables['thresholds']
    unreached = ~study.choices['class'].reached
    for precision, out_of_reach in zip(table['P after'], unreached):
        assert precision is None or precision >= 90 or out_of_reach
    assert study.criterion == 'precision of at least 90 %'
    never = ThresholdStudy(dump, by='precision', target=1.0)
    names = [
        name
        for name, reached in zip(CLASSES, never.choices['class'].reached)
        if not reached
    ]
    assert names == [] or any(
        remark.startswith(names[0]) for remark in never.remarks('class')
    )


def test_other_classes_are_refused(dump):
    other = type(dump)(
        dump.classes[::-1], dump.scores, dump.targets, dump.paths
    )
    with pytest.raises(ValueError, match='other classes than dump.pkl'):
        ThresholdStudy(dump, measured_on=other)
