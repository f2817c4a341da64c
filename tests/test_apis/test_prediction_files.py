import csv
import json

import numpy as np
import pytest

from mmsrdl.apis import write_predictions
from mmsrdl.datasets.conversion import convert_table

CLASSES = ('dog', '海滩', 'a, b')
RESULTS = [
    dict(
        img_path='ü/1.jpg',
        pred_labels=[1, 0],
        pred_classes=['海滩', 'dog'],
        pred_scores=[0.75, 0.5],
        scores=[0.5, 0.75, 0.1234567],
    ),
    dict(img_path='2.jpg', error='Cannot read 2.jpg: "no", file'),
    dict(
        img_path='3\udcff.jpg',
        pred_labels=[],
        pred_classes=[],
        pred_scores=[],
        scores=[0.0, 0.0, 0.0],
    ),
]


def write(path, results=RESULTS):
    with write_predictions(path, CLASSES) as put:
        for result in results:
            put(result)
    return path


def test_json_leaves_maps_out(tmp_path):
    maps = dict(pred_maps=np.zeros((1, 2, 2)), maps_box=(0, 0, 1, 1))
    path = write(tmp_path / 'out.json', [{**RESULTS[0], **maps}])
    assert json.loads(path.read_text('utf-8')) == RESULTS[:1]


@pytest.mark.parametrize('count', [0, 1, 3])
def test_json(tmp_path, count):
    path = write(tmp_path / 'new/out.json', RESULTS[:count])
    text = path.read_text('utf-8')
    assert json.loads(text) == RESULTS[:count]
    assert len(text.splitlines()) == count + 2
    assert ('海滩' in text) == (count > 0)
    assert list(path.parent.iterdir()) == [path]


def test_csv(tmp_path):
    path = write(tmp_path / 'out.csv')
    assert path.read_bytes().startswith('\ufeff'.encode())
    with open(path, encoding='utf-8-sig', newline='') as file:
        rows = list(csv.reader(file))
    assert rows == [
        ['image', 'labels', 'error', *CLASSES],
        ['ü/1.jpg', '海滩;dog', '', '0.500000', '0.750000', '0.123457'],
        ['2.jpg', '', 'Cannot read 2.jpg: "no", file', '', '', ''],
        ['3\\udcff.jpg', '', '', '0.000000', '0.000000', '0.000000'],
    ]


def test_csv_is_a_table_of_labels(tmp_path):
    """The converter takes it, as labels to train on or to correct."""
    path = write(tmp_path / 'out.csv', RESULTS[:1])
    images = convert_table(path, label_columns=['labels'], classes=CLASSES)
    assert images.data_list == [{'img_path': 'ü/1.jpg', 'gt_label': [0, 1]}]


@pytest.mark.parametrize('name', ['out.json', 'out.csv'])
def test_half_a_file_is_never_under_the_name(tmp_path, name):
    path = tmp_path / name
    path.write_text('before')
    with (
        pytest.raises(KeyboardInterrupt),
        write_predictions(path, CLASSES) as put,
    ):
        put(RESULTS[0])
        assert path.read_text() == 'before'
        raise KeyboardInterrupt
    assert path.read_text() == 'before'
    assert '1.jpg' in (tmp_path / f'{name}.part').read_text('utf-8')
    write(path)
    assert list(tmp_path.iterdir()) == [path]


def test_no_such_file(tmp_path):
    with pytest.raises(ValueError, match='must end in .json or .csv'):
        write(tmp_path / 'out.txt')
    (tmp_path / 'out.json').mkdir()
    with pytest.raises(IsADirectoryError, match='is a folder'):
        write(tmp_path / 'out.json')
