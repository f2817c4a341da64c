import copy
import json

import pytest

from mmsrdl.datasets import CocoMultiLabel
from mmsrdl.datasets.conversion import convert_coco
from mmsrdl.datasets.label_sets import COCO_CLASSES

#: Category ids with gaps, as COCO's; out of order, as they may be.
CONTENT = {
    'info': {'year': 2014},
    'images': [
        {'id': 9, 'file_name': 'COCO_train2014_000000000009.jpg'},
        {'id': 7, 'file_name': 'COCO_train2014_000000000007.jpg'},
        {'id': 8, 'file_name': 'COCO_train2014_000000000008.jpg'},
    ],
    'annotations': [
        {'id': 1, 'image_id': 9, 'category_id': 18, 'iscrowd': 0},
        {'id': 2, 'image_id': 9, 'category_id': 1, 'iscrowd': 1},
        {'id': 3, 'image_id': 7, 'category_id': 18, 'iscrowd': 0},
        {'id': 4, 'image_id': 7, 'category_id': 18, 'iscrowd': 0},
    ],
    'categories': [
        {'id': i + i // 8, 'name': name}
        for i, name in reversed(list(enumerate(COCO_CLASSES, 1)))
    ],
}


@pytest.fixture
def write(tmp_path):
    def write(name='instances_train2014.json', content=CONTENT):
        path = tmp_path / name
        path.write_text(json.dumps(content))
        return path

    return write


def test_official_layout(write):
    images = convert_coco(write())
    assert images.classes == COCO_CLASSES
    # id 18 is the 16th of the categories above, by id.
    dog = sorted(c['id'] for c in CONTENT['categories']).index(18)
    assert images.data_list == [
        {'img_path': 'COCO_train2014_000000000007.jpg', 'gt_label': [dog]},
        {'img_path': 'COCO_train2014_000000000009.jpg', 'gt_label': [0, dog]},
    ]
    assert images.skipped == [
        ('COCO_train2014_000000000008.jpg', 'shows no class')
    ]
    assert (images.protocol, images.split) == ('coco14', 'train2014')


def test_all_images(write):
    images = convert_coco(write('instances_val2017.json'), filter_empty=False)
    assert len(images.data_list) == 3
    assert images.skipped == []
    assert (images.protocol, images.split) == ('coco17-all', 'val2017')


@pytest.mark.parametrize('filter_empty', [True, False])
def test_same_as_the_data_set(write, write_image, filter_empty):
    path = write()
    for image in CONTENT['images']:
        write_image(path.parent / 'train2014' / image['file_name'])
    dataset = CocoMultiLabel(
        str(path.parent),
        path.name,
        dict(img_path='train2014'),
        filter_empty=filter_empty,
        test_mode=True,
    )
    images = convert_coco(path, filter_empty)
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert [
        (info['img_path'].rpartition('/')[2], list(info['gt_label']))
        for info in infos
    ] == [(e['img_path'], e['gt_label']) for e in images.data_list]
    assert dataset.metainfo['protocol'] == images.protocol


def test_own_data_has_no_protocol(write):
    content = copy.deepcopy(CONTENT)
    content['categories'] = [
        {'id': 18, 'name': 'mouse'},
        {'id': 1, 'name': 'Känguru'},
    ]
    images = convert_coco(write(content=content))
    assert images.classes == ('Känguru', 'mouse')
    assert images.protocol is images.split is None


def test_errors_name_the_file(write, tmp_path):
    with pytest.raises(FileNotFoundError, match='no annotation file'):
        convert_coco(tmp_path / 'none.json')
    path = write()
    path.write_text(path.read_text()[:-3])
    with pytest.raises(ValueError, match='train2014.json.*line 1'):
        convert_coco(path)
    content = copy.deepcopy(CONTENT)
    content['images'].append(content['images'][0])
    with pytest.raises(ValueError, match='must be unique'):
        convert_coco(write(content=content))
