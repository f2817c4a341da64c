import json

import numpy as np
import pytest
import torch
from mmpretrain.datasets import MultiLabelDataset
from mmpretrain.registry import DATASETS

from mmsrdl.datasets import MultiLabelJson

CONTENT = {
    'metainfo': {'classes': ['cat', 'dog', 'person'], 'task': 'pets'},
    'data_list': [
        {'img_path': 'a.jpg', 'gt_label': [2, 0, 2], 'width': 64},
        {
            'img_path': 'sub/b.jpg',
            'gt_label': [],
            'gt_label_difficult': [1],
            'gt_score': [0.5, -1, 0],
        },
    ],
}


@pytest.fixture
def root(tmp_path, write_image):
    write(tmp_path, CONTENT)
    for entry in CONTENT['data_list']:
        write_image(tmp_path / 'images' / entry['img_path'])
    return tmp_path


def write(root, content):
    path = root / 'train.json'
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text)
    return path


def build(root, **kwargs):
    kwargs = {
        'ann_file': 'train.json',
        'data_root': str(root),
        'data_prefix': 'images',
        **kwargs,
    }
    return MultiLabelJson(**kwargs)


def test_entries(root):
    dataset = build(root)
    assert dataset.metainfo == {
        'classes': ('cat', 'dog', 'person'),
        'task': 'pets',
    }
    assert dataset.get_data_info(0) == {
        'img_path': str(root / 'images' / 'a.jpg'),
        'gt_label': [0, 2],
        'gt_score': pytest.approx([1, 0, 1]),
        'sample_idx': 0,
    }
    second = dataset.get_data_info(1)
    assert second['gt_label'] == []
    assert second['gt_label_difficult'] == [1]
    assert second['gt_score'].dtype == np.float32
    assert second['gt_score'].tolist() == [0.5, -1, 0]
    assert dataset.get_cat_ids(0) == [0, 2]


def test_it_reads_what_upstream_reads(root):
    kwargs = {
        'data_root': str(root),
        'ann_file': 'train.json',
        'data_prefix': 'images',
    }
    upstream = MultiLabelDataset(**kwargs)
    ours = DATASETS.build({'type': 'MultiLabelJson', **kwargs})
    assert isinstance(ours, MultiLabelDataset)
    for i in range(len(upstream)):
        theirs, mine = upstream.get_data_info(i), ours.get_data_info(i)
        assert mine['img_path'] == theirs['img_path']
        assert set(mine['gt_label']) == set(theirs['gt_label'])


def test_storage_is_cheaper_than_upstream(root):
    total = 500
    write(
        root,
        {
            'metainfo': {'classes': [f'class {i}' for i in range(total)]},
            'data_list': [
                {
                    'img_path': 'a.jpg',
                    'gt_label': [7],
                    'gt_score': np.eye(total)[7].tolist(),
                    'caption': 'a cat on a mat ' * 20,
                }
            ],
        },
    )
    upstream = MultiLabelDataset('train.json', data_root=str(root))
    ours = build(root)
    assert ours.data_bytes.size < 0.6 * upstream.data_bytes.size


def test_packed_samples(root, pipeline):
    sample = build(root, pipeline=pipeline)[1]['data_samples']
    torch.testing.assert_close(sample.gt_score, torch.tensor([0.5, -1, 0]))
    assert sample.gt_label_difficult == [1]


def test_a_choice_of_classes_is_matched_by_name(root):
    dataset = build(root, classes=['person', 'dog'])
    assert dataset.metainfo['classes'] == ('person', 'dog')
    assert dataset.get_data_info(0)['gt_label'] == [0]
    second = dataset.get_data_info(1)
    assert second['gt_label_difficult'] == [1]
    assert second['gt_score'].tolist() == [0, -1]


def test_a_class_that_the_file_lacks(root):
    with pytest.raises(ValueError, match="'dgo' .did you mean 'dog'"):
        build(root, classes=['cat', 'dgo'])


def test_difficult_means_only_difficult(root):
    write(root, entry(gt_label=[0, 1], gt_label_difficult=[1, 2]))
    info = build(root).get_data_info(0)
    assert info['gt_label_difficult'] == [2]
    assert 'gt_score' not in info


def test_scores_alone_are_labels_too(root):
    write(
        root,
        {
            **CONTENT,
            'data_list': [
                {'img_path': 'a.jpg', 'gt_score': [0.5, 0.4, 1]},
                {'img_path': 'sub/b.jpg', 'gt_score': [-1, 0, 0]},
                {
                    'img_path': 'a.jpg',
                    'gt_score': [1, 1, 0],
                    'gt_label_difficult': [1],
                },
                {'img_path': 'a.jpg', 'gt_label': [1]},
            ],
        },
    )
    dataset = build(root)
    infos = [dataset.get_data_info(i) for i in range(4)]
    assert [info['gt_label'] for info in infos] == [[0, 2], [], [0], [1]]
    assert infos[2]['gt_label_difficult'] == [1]
    assert infos[3]['gt_score'].tolist() == [0, 1, 0]
    assert [row.tolist() for row in dataset.get_gt_labels()] == [
        [0, 2],
        [],
        [0],
        [1],
    ]
    chosen = build(root, classes=['person', 'dog'])
    assert [row.tolist() for row in chosen.get_gt_labels()] == [
        [0],
        [],
        [],
        [1],
    ]


@pytest.mark.parametrize(
    'fields',
    [
        {'gt_label': [0], 'gt_score': [0.1, 0.9, 0]},
        {'gt_label': [0], 'gt_score': [-1, -1, 0]},
        {'gt_label': [], 'gt_score': [0, 1, 0], 'gt_label_difficult': [1]},
    ],
)
def test_labels_and_scores_that_agree(root, fields):
    write(root, entry(**fields))
    info = build(root).get_data_info(0)
    assert info['gt_label'] == fields['gt_label']
    np.testing.assert_allclose(info['gt_score'], fields['gt_score'])


def test_a_test_set_without_labels_is_read_for_prediction(root, pipeline):
    bare = [{'img_path': e['img_path']} for e in CONTENT['data_list']]
    write(root, {**CONTENT, 'data_list': bare})
    dataset = build(root, test_mode=True, pipeline=pipeline)
    assert len(dataset) == 2
    assert 'gt_label' not in dataset[1]['data_samples']
    assert 'gt_score' not in dataset[1]['data_samples']
    with pytest.raises(ValueError, match='2 of 2 entries .* entry 0 .*a.jpg'):
        build(root)


@pytest.mark.parametrize('test_mode', [False, True])
@pytest.mark.parametrize('labelled', [0, 1])
def test_an_entry_without_labels_among_others(root, test_mode, labelled):
    entries = [CONTENT['data_list'][labelled], {'img_path': 'c.jpg'}]
    path = write(root, {**CONTENT, 'data_list': entries})
    with pytest.raises(
        ValueError, match='1 of 2 entries .*first entry 1 .*c.jpg'
    ) as error:
        build(root, test_mode=test_mode)
    assert str(path) in str(error.value)


def test_a_file_elsewhere_and_an_absolute_image(root, tmp_path):
    image = str(root / 'images' / 'a.jpg')
    write(root, entry(img_path=image))
    dataset = build(
        root, data_root='', ann_file=str(root / 'train.json'), data_prefix=''
    )
    assert dataset.get_data_info(0)['img_path'] == image


def test_images_on_a_server_are_not_looked_for(root):
    write(root, entry(img_path='a.jpg'))
    dataset = build(
        root,
        data_root='',
        ann_file=str(root / 'train.json'),
        data_prefix='s3://bucket/images',
    )
    assert dataset.get_data_info(0)['img_path'] == 's3://bucket/images/a.jpg'


def test_missing_images(root, log):
    (root / 'images' / 'a.jpg').unlink()
    assert len(build(root)) == 1
    assert any('1 of 2 images are missing' in message for message in log)
    with pytest.raises(FileNotFoundError, match='a.jpg'):
        build(root, test_mode=True)
    with pytest.raises(FileNotFoundError, match='no image folder'):
        build(root, data_prefix='pictures')


def test_no_readable_image_ends_with_an_error(root, pipeline):
    for path in (root / 'images' / 'a.jpg', root / 'images' / 'sub' / 'b.jpg'):
        path.write_bytes(b'')
    dataset = build(root, pipeline=pipeline, max_refetch=3)
    with pytest.raises(Exception, match='Cannot find valid image after 3'):
        dataset[0]


def test_a_missing_annotation_file(root):
    with pytest.raises(FileNotFoundError, match='val.json'):
        build(root, ann_file='val.json')


def entry(**fields):
    """The content of a file with one entry."""
    entry = {'img_path': 'a.jpg', 'gt_label': [0], **fields}
    return {**CONTENT, 'data_list': [entry]}


def meta(**metainfo):
    return {**CONTENT, 'metainfo': metainfo}


@pytest.mark.parametrize(
    ('content', 'match'),
    [
        ('', 'not a JSON file'),
        ('[]', 'metainfo'),
        ({'metainfo': {}}, 'data_list'),
        ({**CONTENT, 'data_list': []}, 'lists no image at all'),
        ({**CONTENT, 'data_list': {}}, 'data_list'),
        ({**CONTENT, 'metainfo': []}, 'metainfo'),
        ({**CONTENT, 'data_list': ['a.jpg']}, 'entry 0.*must be an object'),
        (meta(), '"classes"; found None'),
        (meta(classes='cat'), "found 'cat'"),
        (meta(classes=[]), 'no class name'),
        (meta(classes=['cat', 'cat']), "duplicate .*'cat'"),
        (meta(classes=[1, 2, 3]), 'list of strings'),
        (entry(img_path=None), 'img_path must be a path, got None'),
        (entry(img_path=''), 'img_path'),
        (entry(gt_label=None), 'gt_label must be a list'),
        (entry(gt_label=1), 'gt_label must be a list'),
        (entry(gt_label=[3]), r'from 0 to 2, got \[3\]'),
        (entry(gt_label=[-1]), r'got \[-1\]'),
        (entry(gt_label=[0.0]), r'got \[0.0\]'),
        (entry(gt_label=[True]), r'got \[True\]'),
        (entry(gt_label=['cat']), r"got \['cat'\]"),
        (entry(gt_label_difficult=[9]), 'gt_label_difficult'),
        (entry(gt_score=[1, 0]), 'gt_score must be 3 numbers'),
        (entry(gt_score=[1, 0, 2]), 'gt_score must be 3 numbers'),
        (entry(gt_score=[1, 0, -0.5]), 'gt_score must be 3 numbers'),
        (entry(gt_score=[1, 0, float('nan')]), 'gt_score'),
        (entry(gt_score='high'), 'entry 0'),
        (entry(gt_score=[0, 0, 0]), 'contradict each other about cat:'),
        (entry(gt_score=[1, 1, 1]), 'contradict .* about dog, person:'),
        (entry(gt_score=[0, 1, 0.5]), 'contradict .* about cat, dog:'),
    ],
)
def test_bad_files_name_file_and_entry(root, content, match):
    path = write(root, content)
    with pytest.raises((ValueError, TypeError), match=match) as error:
        build(root)
    assert str(path) in str(error.value)
    if 'data_list' in str(error.value) and 'entry' in str(error.value):
        assert 'entry 0' in str(error.value)
