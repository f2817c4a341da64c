import csv

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from mmsrdl.analysis import (
    PredictionDump,
    analyse_calibration,
    analyse_classes,
    analyse_confusion,
    analyse_cooccurrence,
    analyse_dump,
    analyse_hardest_images,
    measure_dump,
)
from mmsrdl.evaluation import MultiLabelRecognitionMetric

from .conftest import CLASSES


def column(table, heading, **wanted):
    """Values of a column in the rows that have the wanted values."""
    rows = zip(*(table[key] for key in wanted)) if wanted else None
    if rows is None:
        return list(table[heading])
    return [
        value
        for value, row in zip(table[heading], rows)
        if row == tuple(wanted.values())
    ]


def test_every_analysis_is_saved(dump, tmp_path):
    names = []
    for analysis in analyse_dump(dump):
        names.append(analysis.name)
        assert analysis.title and all(analysis.notes)
        paths = analysis.save(tmp_path / 'out')
        assert {path.suffix for path in paths} == {'.csv', '.png'}
        for path in paths:
            if path.suffix == '.png':
                assert path.read_bytes().startswith(b'\x89PNG')
                continue
            with path.open(encoding='utf-8-sig', newline='') as file:
                heading, *rows = csv.reader(file)
            table = analysis.tables[path.stem]
            assert heading == list(table)
            assert len(rows) == len(next(iter(table.values())))
    assert names == [
        'classes',
        'thresholds',
        'confusion',
        'cooccurrence',
        'calibration',
        'hardest',
    ]


def test_measures_are_those_of_the_metric(dump):
    metric = MultiLabelRecognitionMetric(**dump.metric)
    expected = metric.compute_metrics([(dump.scores, dump.targets)])
    assert measure_dump(dump) == pytest.approx(expected)


def test_classes(dump):
    table = analyse_classes(dump).tables['classes']
    assert column(table, 'AP', **{'class': 'unicorn'}) == [None]
    assert column(table, 'support') == ((dump.targets == 1).sum(0).tolist())
    present = [ap for ap in table['AP'] if ap is not None]
    assert np.mean(present) == pytest.approx(measure_dump(dump)['mAP'])


def test_confusion():
    targets = torch.tensor([[1, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]])
    scores = torch.tensor(
        [[0.1, 0.9, 0.2], [0.2, 0.8, 0.9], [0.9, 0.7, 0.9], [0.1, 0.1, 0.9]]
    )
    dump = PredictionDump(
        ('cat', 'dog', 'cow'), scores, targets.to(torch.int8), ('',) * 4
    )
    table = analyse_confusion(dump).tables['confusion']
    rows = list(zip(*table.values()))
    # Cat is missed twice; dog is false in three of four images without it,
    # cow in one of two.
    assert rows == [
        ('cat', 2, 'dog', 2, 100.0, 75.0),
        ('cat', 2, 'cow', 1, 50.0, 50.0),
    ]


def test_cooccurrence(dump):
    analysis = analyse_cooccurrence(dump)
    table = analysis.tables['cooccurrence']
    size = len(CLASSES)
    assert len(table['label']) == size * (size - 1)
    targets = dump.known_targets
    labels = (dump.scores >= dump.thr) & (targets >= 0)
    for name, with_, together, predicted, difference in zip(
        *(
            table[key]
            for key in (
                'label',
                'with',
                'together %',
                'predicted together %',
                'difference %',
            )
        )
    ):
        i, j = CLASSES.index(name), CLASSES.index(with_)
        for shown, found in ((targets == 1, together), (labels, predicted)):
            if not shown[:, i].any():
                assert found is None and difference is None
                continue
            share = shown[shown[:, i], j].double().mean().item()
            assert found == pytest.approx(100 * share)
        if difference is not None:
            assert difference == pytest.approx(predicted - together)
    # The strongest of what the map shows.
    picture = analysis.figures['cooccurrence_difference'].axes[0].images[0]
    assert abs(picture.get_array()).max() == pytest.approx(
        max(abs(d) for d in table['difference %'] if d is not None) / 100
    )


def test_calibration(dump):
    tables = analyse_calibration(dump).tables
    effect = tables['calibration_effect']
    assert effect['scores'][0] == 'as they are'
    errors = tables['calibration']['ECE % as they are']
    assert effect['mean class ECE %'][0] == pytest.approx(np.mean(errors))
    assert all(0.05 <= t <= 20 for t in tables['calibration']['temperature'])


def test_images_of_any_kind_are_shown(tmp_path):
    depth = np.full((40, 1000), 20000, np.uint16)
    cv2.imwrite(str(tmp_path / 'depth.png'), depth)
    Image.new('CMYK', (40, 20)).save(tmp_path / 'cmyk.jpg')
    photo = Image.new('RGB', (40, 20), (200, 0, 0))
    exif = photo.getexif()
    exif[274] = 6
    photo.save(tmp_path / 'photo.jpg', exif=exif)
    (tmp_path / 'broken.jpg').write_bytes(b'no image')
    paths = [
        str(tmp_path / name)
        for name in ('depth.png', 'cmyk.jpg', 'photo.jpg', 'broken.jpg', '')
    ]
    dump = PredictionDump(
        ('cat',), torch.full((5, 1), 0.5), torch.ones(5, 1).char(), paths
    )
    analysis = analyse_hardest_images(dump)
    depth, cmyk, photo, *bad = (image.image for image in analysis.images)
    assert depth.shape == (13, 320, 3) and (depth == 20000 // 256).all()
    assert cmyk.shape == (20, 40, 3)
    assert photo.shape == (40, 20, 3)  # upright, and red
    assert photo[..., 0].min() > 150 and photo[..., 1:].max() < 50
    assert bad == [None, None]
    assert '2 of these 5' in analysis.notes[-1]


def test_hardest_images(dump):
    analysis = analyse_hardest_images(dump, num_images=6)
    table = analysis.tables['hardest_images']
    assert sorted(table['image']) == sorted(dump.paths)
    assert table['loss'] == sorted(table['loss'], reverse=True)
    assert len(analysis.images) == 6
    position = dump.paths.index(table['image'][0])
    targets, scores = dump.known_targets[position], dump.scores[position]
    known = targets >= 0
    expected = torch.nn.functional.binary_cross_entropy(
        scores[known], targets[known].float(), reduction='sum'
    )
    assert table['loss'][0] == pytest.approx(expected.item(), rel=1e-4)
    for kind, where in (
        ('missed', (targets == 1) & (scores < 0.4)),
        ('false', (targets == 0) & (scores >= 0.4)),
        ('right', (targets == 1) & (scores >= 0.4)),
    ):
        expected = {
            f'{CLASSES[c]} {scores[c]:.2f}' for c in where.nonzero().flatten()
        }
        assert set(getattr(analysis.images[0], kind)) == expected


def test_missing_images_leave_a_place(dump):
    analysis = analyse_hardest_images(dump, num_images=10)
    there = [entry.image is not None for entry in analysis.images]
    numbers = [
        int(entry.title.removeprefix('<b>').removesuffix('.png'))
        for entry in analysis.images
    ]
    assert there == [number % 2 == 0 for number in numbers]
    assert (
        f'{there.count(False)} of these 10 images are not'
        in (analysis.notes[-1])
    )
