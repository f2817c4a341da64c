import json

import numpy as np
import pytest

from mmsrdl.datasets.conversion import (
    convert_vg256,
    convert_vg500,
    locate_vg_images,
)


@pytest.fixture
def ssgrl(tmp_path):
    """The lists of SSGRL; the labels are of both splits."""
    listed = tmp_path / 'train_list_500.txt'
    listed.write_text('2.jpg\n1.jpg\n')
    labels = tmp_path / 'vg_category_500_labels_index.json'
    labels.write_text(
        json.dumps({'1.jpg': [0, 499], '2.jpg': [3, 3], '3.jpg': [4]})
    )
    return listed, labels


def test_lists_of_ssgrl(ssgrl):
    images = convert_vg500(*ssgrl)
    assert images.data_list == [
        {'img_path': '2.jpg', 'gt_label': [3]},
        {'img_path': '1.jpg', 'gt_label': [0, 499]},
    ]
    assert len(images.classes) == 500
    assert 'not known' in images.notes[0]
    assert (images.protocol, images.split) == ('vg500', 'train')


def test_names_come_from_a_list(ssgrl):
    names = [f'name {i}' for i in range(500)]
    images = convert_vg500(*ssgrl, classes=names)
    assert images.classes == tuple(names)
    assert images.notes == []
    with pytest.raises(ValueError, match='500 class names are needed, not 2'):
        convert_vg500(*ssgrl, classes=['a', 'b'])


def test_an_image_listed_again_is_told(ssgrl):
    ssgrl[0].write_text('2.jpg\n1.jpg\n2.jpg')
    images = convert_vg500(*ssgrl)
    assert len(images.data_list) == 2
    assert images.skipped == [('2.jpg, line 3', 'listed before')]


def test_one_folder_or_two(ssgrl, tmp_path, write_image):
    images = convert_vg500(*ssgrl)
    write_image(tmp_path / 'VG_100K/1.jpg')
    write_image(tmp_path / 'VG_100K_2/2.jpg')
    locate_vg_images(images, tmp_path)
    paths = [entry['img_path'] for entry in images.data_list]
    assert paths == ['VG_100K_2/2.jpg', 'VG_100K/1.jpg']
    images.check_images(tmp_path)
    images = convert_vg500(*ssgrl)
    locate_vg_images(images, tmp_path / 'VG_100K')
    assert images.data_list[1]['img_path'] == '1.jpg'


@pytest.mark.parametrize(
    ('place', 'text', 'message'),
    [
        (0, '9.jpg', "list_500.txt', line 1: .*no labels of '9.jpg'"),
        (1, '{"1.jpg": [500], "2.jpg": []}', 'indices from 0 to 499'),
        (1, '{"1.jpg": \n', 'is not JSON.*line 2'),
        (1, '[]', 'must be a JSON object'),
    ],
)
def test_errors_name_the_file(ssgrl, place, text, message):
    ssgrl[place].write_text(text)
    with pytest.raises(ValueError, match=message):
        convert_vg500(*ssgrl)


@pytest.fixture
def mlc_pat(tmp_path):
    """What the script of MLC-PAT saves, with three classes."""
    paths = tmp_path / 'formatted_val_images.npy'
    np.save(paths, np.array(['VG_100K/1.jpg', 'VG_100K/2407.jpg']))
    labels = tmp_path / 'formatted_val_labels.npy'
    np.save(labels, np.array([[1.0, 0, 1], [0, 1, 0]]))
    classes = tmp_path / 'vg256.json'
    classes.write_text(
        json.dumps({'person': ['man'], 'tie': ['ties'], 'shirt': []})
    )
    return paths, labels, classes


def test_arrays_of_mlc_pat(mlc_pat, tmp_path, write_image):
    images = convert_vg256(*mlc_pat)
    assert images.classes == ('person', 'tie', 'shirt')
    assert images.data_list == [
        {'img_path': 'VG_100K/1.jpg', 'gt_label': [0, 2]},
        {'img_path': 'VG_100K/2407.jpg', 'gt_label': [1]},
    ]
    assert images.protocol is None  # not 256 classes
    write_image(tmp_path / 'VG_100K_2/2407.jpg')
    locate_vg_images(images, tmp_path)
    assert images.data_list[1]['img_path'] == 'VG_100K_2/2407.jpg'


def test_protocol_of_256_classes(mlc_pat):
    paths, labels, classes = mlc_pat
    classes.write_text(json.dumps({f'c{i}': [] for i in range(256)}))
    np.save(labels, np.eye(2, 256))
    images = convert_vg256(paths, labels, classes)
    assert (images.protocol, images.split) == ('vg256', 'val')


@pytest.mark.parametrize(
    ('place', 'array', 'message'),
    [
        (0, np.array([1, 2]), 'images.npy. is not a list of paths'),
        (1, np.zeros((2, 4)), r'shape \(2, 4\); 2 images and 3 classes'),
        (1, np.full((2, 3), 0.5), 'row 0: labels must be 0 or 1'),
        (0, np.array([{}], object), 'is no .npy file'),
    ],
)
def test_errors_of_arrays(mlc_pat, place, array, message):
    np.save(mlc_pat[place], array)
    with pytest.raises(ValueError, match=message):
        convert_vg256(*mlc_pat)
    with mlc_pat[0].open('wb') as file:
        np.savez(file, array)
    with pytest.raises(ValueError, match='is no .npy file'):
        convert_vg256(*mlc_pat)
    mlc_pat[0].unlink()
    with pytest.raises(FileNotFoundError, match='images.npy'):
        convert_vg256(*mlc_pat)
