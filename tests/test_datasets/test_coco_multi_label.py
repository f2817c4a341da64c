import copy
import json

import numpy as np
import pytest
from mmpretrain.registry import DATASETS

from mmsrdl.datasets import CocoMultiLabel
from mmsrdl.datasets.label_sets import COCO_CLASSES

# Ids are neither sorted nor in the order of the names; image 7 shows a crowd
# only, image 3 nothing, and the annotations come before their images.
CONTENT = {
    'annotations': [
        {'id': 1, 'image_id': 9, 'category_id': 4, 'iscrowd': 0},
        {'id': 2, 'image_id': 9, 'category_id': 2, 'iscrowd': 0},
        {'id': 3, 'image_id': 9, 'category_id': 4, 'iscrowd': 0},
        {'id': 4, 'image_id': 7, 'category_id': 1, 'iscrowd': 1},
    ],
    'categories': [
        {'id': 4, 'name': 'apple'},
        {'id': 1, 'name': 'person'},
        {'id': 2, 'name': 'hot dog'},
    ],
    'images': [
        {'id': 9, 'file_name': 'COCO_train2014_000000000009.jpg'},
        {'id': 3, 'file_name': 'COCO_train2014_000000000003.jpg'},
        {'id': 7, 'file_name': 'COCO_train2014_000000000007.jpg'},
    ],
}


@pytest.fixture
def root(tmp_path, write_image):
    write(tmp_path, CONTENT)
    for image in CONTENT['images']:
        write_image(tmp_path / 'train2014' / image['file_name'])
    return tmp_path


def write(root, content, name='instances_mine.json'):
    path = root / 'annotations' / name
    path.parent.mkdir(exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text)
    return path


def build(root, **kwargs):
    kwargs = {'ann_file': 'annotations/instances_mine.json', **kwargs}
    prefix = {'img_path': 'train2014'}
    return CocoMultiLabel(str(root), data_prefix=prefix, **kwargs)


def labels(dataset):
    """Image number to labels."""
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return {int(i['img_path'][-6:-4]): i['gt_label'] for i in infos}


def test_labels_follow_image_and_category_ids(root):
    dataset = build(root)
    assert dataset.metainfo['classes'] == ('person', 'hot dog', 'apple')
    assert list(labels(dataset).items()) == [(7, [0]), (9, [1, 2])]
    assert dataset.get_cat_ids(1) == [1, 2]


def test_images_without_labels_stay_on_demand(root):
    assert labels(build(root, filter_empty=False)) == {
        3: [],
        7: [0],
        9: [1, 2],
    }


@pytest.mark.parametrize('test_mode', [False, True])
def test_the_filter_acts_in_training_and_testing(root, test_mode):
    assert len(build(root, test_mode=test_mode)) == 2
    assert len(build(root, test_mode=test_mode, filter_empty=False)) == 3


def test_a_tilde_is_the_home_folder(root, monkeypatch):
    monkeypatch.setenv('HOME', str(root.parent))
    assert len(build(f'~/{root.name}')) == 2


def test_the_layout_of_2017(root, write_image):
    content = copy.deepcopy(CONTENT)
    for image in content['images']:
        image['file_name'] = f'{image["id"]:012d}.jpg'
        write_image(root / 'val2017' / image['file_name'])
    write(root, content, 'instances_val2017.json')
    dataset = DATASETS.build(
        {
            'type': 'CocoMultiLabel',
            'data_root': str(root),
            'ann_file': 'annotations/instances_val2017.json',
            'data_prefix': {'img_path': 'val2017'},
        }
    )
    path = dataset.get_data_info(0)['img_path']
    assert path == str(root / 'val2017' / '000000000007.jpg')


def test_a_choice_of_classes_is_matched_by_name(root):
    dataset = build(root, classes=['apple', 'person'])
    assert dataset.metainfo['classes'] == ('apple', 'person')
    assert labels(dataset) == {7: [1], 9: [0]}
    assert labels(build(root, classes=['hot dog'])) == {9: [0]}


def test_a_class_that_the_file_lacks(root):
    with pytest.raises(ValueError, match="'hotdog' .did you mean 'hot dog'"):
        build(root, classes=['person', 'hotdog'])
    with pytest.raises(ValueError, match='has no class .*bicycle'):
        build(root, classes='coco')


def test_pycocotools_keeps_quiet(root, capsys):
    build(root)
    assert capsys.readouterr().out == ''


def test_all_80_classes_in_category_id_order(root, log):
    # COCO's ids have gaps: 80 classes, ids up to 90.
    content = copy.deepcopy(CONTENT)
    ids = [i + i // 8 for i in range(1, 81)]
    content['categories'] = [
        {'id': i, 'name': n} for i, n in zip(ids, COCO_CLASSES, strict=True)
    ][::-1]
    write(root, content, 'instances_train2014.json')
    dataset = build(root, ann_file='annotations/instances_train2014.json')
    assert dataset.metainfo['classes'] == COCO_CLASSES
    assert labels(dataset) == {7: [0], 9: [1, 3]}
    assert any('2 images where 82,081 are published' in m for m in log)


def test_missing_images_and_folders(root, log):
    (root / 'train2014' / 'COCO_train2014_000000000009.jpg').unlink()
    assert labels(build(root)) == {7: [0]}
    assert any('1 of 2 images are missing' in message for message in log)
    with pytest.raises(FileNotFoundError, match='000000000009.jpg'):
        build(root, test_mode=True)
    (root / 'train2014').rename(root / 'train')
    with pytest.raises(FileNotFoundError, match='no image folder.*train2014'):
        build(root)


def test_a_missing_annotation_file(root):
    with pytest.raises(FileNotFoundError, match='none.json.*data_root'):
        build(root, ann_file='annotations/none.json')


def change(key, value):
    return {**CONTENT, key: value}


@pytest.mark.parametrize(
    ('content', 'match'),
    [
        ('', 'not a JSON file'),
        ('{"images": [', 'not a JSON file'),
        ('[]', 'must be an object with images .list., annotations'),
        ({'images': [], 'annotations': []}, 'categories'),
        (
            {**CONTENT, 'images': [], 'annotations': []},
            'lists no image at all',
        ),
        (change('images', []), '4 of 4 annotations .* images .*: 9, 7'),
        (
            change('images', CONTENT['images'][:2]),
            '1 of 4 annotations are of images .* not define: 7',
        ),
        (
            # The same numbers, but as text, belong to no image.
            change(
                'annotations',
                [
                    {**annotation, 'image_id': str(annotation['image_id'])}
                    for annotation in CONTENT['annotations']
                ],
            ),
            "4 of 4 annotations .* images .*: '9', '7'",
        ),
        (change('annotations', []), 'lists no image at all'),
        (change('categories', []), '4 of 4 annotations .*define: 4, 2, 1'),
        ({'images': [], 'annotations': [], 'categories': []}, 'no class name'),
        (change('images', CONTENT['images'][:1] * 2), 'must be unique'),
        (
            change(
                'images',
                [{'id': i, 'file_name': 'a.jpg'} for i in range(2)],
            ),
            'must be unique',
        ),
        (change('images', [{'id': 9}]), 'file_name'),
        (change('images', {'9': 'a.jpg'}), 'images missing or'),
        (change('images', ['a.jpg']), 'not in the format'),
        (
            change('categories', CONTENT['categories'][:2]),
            '1 of 4 annotations .*define: 2',
        ),
        (
            change(
                'categories', CONTENT['categories'] + [{'id': 4, 'name': 'a'}]
            ),
            'category ids must be unique',
        ),
        (
            change(
                'categories',
                CONTENT['categories'] + [{'id': 5, 'name': 'apple'}],
            ),
            "duplicate class names \\['apple'\\]",
        ),
        (change('annotations', [{'id': 1, 'image_id': 9}]), 'category_id'),
    ],
)
def test_bad_annotation_files(root, content, match):
    path = write(root, content)
    with pytest.raises(ValueError, match=match) as error:
        build(root)
    assert str(path) in str(error.value)


def with_boxes(**image):
    content = copy.deepcopy(CONTENT)
    for info in content['images']:
        info.update(dict(width=200, height=100), **image)
    for i, annotation in enumerate(content['annotations']):
        annotation['bbox'] = [50 + i, 25, 100, 50]
    return content


def test_boxes(root):
    write(root, with_boxes())
    dataset = build(root)
    assert [len(dataset.get_boxes(i).labels) for i in range(2)] == [1, 3]
    crowd, objects = dataset.get_boxes(0), dataset.get_boxes(1)
    assert crowd.difficult.tolist() == [True]
    assert crowd.labels.tolist() == [0]
    assert objects.difficult.tolist() == [False] * 3
    assert objects.labels.tolist() == [2, 1, 2]
    expected = [[x / 200, 0.25, x / 200 + 0.5, 0.75] for x in (50, 51, 52)]
    assert objects.boxes == pytest.approx(np.array(expected))
    dataset = build(root, classes=['apple'])
    assert dataset.get_boxes(0).labels.tolist() == [0, 0]


@pytest.mark.parametrize(
    'change', [dict(width=0), dict(height=None), dict(width='wide')]
)
def test_boxes_need_the_size_of_the_image(root, change):
    write(root, with_boxes(**change))
    with pytest.raises(ValueError, match=r'0009.*`width` and `height`'):
        build(root).get_boxes(0)


def test_boxes_may_be_missing(root):
    content = with_boxes()
    del content['annotations'][0]['bbox']
    write(root, content)
    with pytest.raises(ValueError, match='bbox'):
        build(root).get_boxes(0)
