"""MMEngine's ways of using a data set, on the compact storage."""

import json

import numpy as np
import pytest
import torch
from mmengine.dataset import (
    ClassBalancedDataset,
    ConcatDataset,
    RepeatDataset,
    default_collate,
)
from mmpretrain.datasets import MultiLabelDataset
from torch.utils.data import DataLoader

from mmsrdl.datasets import MultiLabelJson

LABELS = [[0], [0, 2], [], [1, 2], [0]]


@pytest.fixture
def root(tmp_path):
    entries = [
        {'img_path': f'{i}.jpg', 'gt_label': labels}
        for i, labels in enumerate(LABELS)
    ]
    content = {
        'metainfo': {'classes': ['cat', 'dog', 'person']},
        'data_list': entries,
    }
    (tmp_path / 'a.json').write_text(json.dumps(content))
    return tmp_path


def build(root, kind=MultiLabelJson, **kwargs):
    if kind is MultiLabelJson:
        kwargs['check_images'] = False
    return kind('a.json', data_root=str(root), data_prefix='i', **kwargs)


def infos(dataset):
    return [dataset.get_data_info(i) for i in range(len(dataset))]


@pytest.mark.parametrize('serialize_data', [True, False])
@pytest.mark.parametrize('indices', [None, 2, -2, [3, 0, -1], range(1, 3), []])
def test_indices_and_subsets(root, serialize_data, indices):
    """They are what upstream's data set of lists gives."""
    upstream = build(root, MultiLabelDataset, serialize_data=False)
    ours = build(root, serialize_data=serialize_data)
    assert infos(ours) == infos(upstream)
    if indices is None:
        return
    expected = infos(upstream.get_subset(indices))
    subset = ours.get_subset(indices)
    assert infos(subset) == expected
    assert subset.metainfo == ours.metainfo
    chosen = build(root, serialize_data=serialize_data, indices=indices)
    assert infos(chosen) == expected
    ours.get_subset_(indices)
    assert infos(ours) == expected


def test_negative_indices_and_the_end(root):
    dataset = build(root)
    assert dataset.get_data_info(-1) == dataset.get_data_info(4)
    assert dataset.get_cat_ids(-2) == [1, 2]
    with pytest.raises(IndexError):
        dataset.get_data_info(5)


def test_reading_waits_until_it_is_asked_for(root):
    dataset = build(root, lazy_init=True)
    assert 'initialized' in repr(dataset)
    assert dataset.get_cat_ids(1) == [0, 2]


def test_concatenated_and_repeated(root):
    dataset = ConcatDataset([build(root), build(root, indices=[3])])
    assert len(dataset) == 6
    assert dataset.get_data_info(5)['gt_label'] == [1, 2]
    repeated = RepeatDataset(build(root), 2)
    assert len(repeated) == 10
    assert repeated.get_data_info(8)['gt_label'] == [1, 2]


def test_balanced_by_class(root):
    """A class that a fifth of the images shows is repeated, sqrt(0.8/0.2)."""
    dataset = ClassBalancedDataset(build(root), oversample_thr=0.8)
    shown = [i['sample_idx'] for i in infos(dataset)]
    assert shown.count(3) == 2
    assert shown.count(2) == 1


class Tell:
    """A pipeline without images."""

    transforms = ()

    def __call__(self, info):
        labels = torch.zeros(3)
        labels[info['gt_label']] = 1
        return {'labels': labels, 'index': info['sample_idx']}


@pytest.mark.parametrize('context', ['fork', 'spawn'])
def test_workers(root, context):
    dataset = build(root)
    dataset.pipeline = Tell()
    loader = DataLoader(
        dataset,
        batch_size=2,
        num_workers=2 if context == 'fork' else 1,
        multiprocessing_context=context,
        collate_fn=default_collate,
    )
    labels = torch.cat([batch['labels'] for batch in loader])
    assert [row.nonzero().flatten().tolist() for row in labels] == LABELS


def test_storage_is_a_few_bytes_an_image(root):
    """No one-hot rows: 500 classes of 1,000 images take as many as 5."""
    sizes = []
    for total in (5, 200):
        content = {
            'metainfo': {'classes': [f'class {i}' for i in range(total)]},
            'data_list': [
                {'img_path': f'{i:07d}.jpg', 'gt_label': [1, 2, 3]}
                for i in range(1000)
            ],
        }
        (root / 'a.json').write_text(json.dumps(content))
        dataset = build(root)
        sizes.append(dataset.data_bytes.nbytes)
        # Path, three labels, and the two offsets.
        assert sizes[-1] <= 1000 * (11 + 3 + 2 * 2) + 64
        assert dataset.get_data_info(999)['gt_label'] == [1, 2, 3]
    assert sizes[0] == sizes[1]
    total = 70_000
    content['metainfo']['classes'] = [f'class {i}' for i in range(total)]
    content['data_list'][5]['gt_label'] = [total - 1]
    (root / 'a.json').write_text(json.dumps(content))
    assert build(root).get_gt_labels()[5].tolist() == [total - 1]


def test_targets_of_partial_labels(root):
    """What is neither shown, difficult nor known to be absent is unknown."""
    entries = [
        {'img_path': 'a', 'gt_label': [0], 'gt_label_negative': [2]},
        {'img_path': 'b', 'gt_label': [], 'gt_label_negative': []},
        {
            'img_path': 'c',
            'gt_label': [0],
            'gt_label_difficult': [1],
            'gt_label_negative': [],
        },
        {'img_path': 'd', 'gt_label': [1], 'gt_label_difficult': [0]},
    ]
    content = json.loads((root / 'a.json').read_text())
    content['data_list'] = entries
    (root / 'a.json').write_text(json.dumps(content))

    def scores(**kwargs):
        found = infos(build(root, **kwargs))
        assert not any('gt_label_negative' in info for info in found)
        assert {info['gt_score'].dtype for info in found} == {
            np.dtype(np.float32)
        }
        return [info['gt_score'].tolist() for info in found]

    known = [[1, -1, 0], [-1, -1, -1]]
    assert scores() == [*known, [1, 0, -1], [0, 1, 0]]
    assert scores(test_mode=True, difficult='ignore') == scores()
    assert scores(difficult='ignore') == [*known, [1, -1, -1], [-1, 1, 0]]
    assert scores(difficult='positive') == [*known, [1, 1, -1], [1, 1, 0]]
    chosen = build(root, classes=['person', 'cat'])
    assert chosen.get_data_info(0)['gt_score'].tolist() == [0, 1]


@pytest.mark.parametrize(
    ('difficult', 'labels', 'scores'),
    [
        ('negative', [0], None),
        ('positive', [0, 1], None),
        ('ignore', [0], [1, -1, 0]),
    ],
)
def test_policies_for_difficult_labels(root, difficult, labels, scores):
    content = json.loads((root / 'a.json').read_text())
    content['data_list'][0]['gt_label_difficult'] = [1]
    (root / 'a.json').write_text(json.dumps(content))
    dataset = build(root, difficult=difficult)
    info = dataset.get_data_info(0)
    assert info['gt_label'] == dataset.get_cat_ids(0) == labels
    assert info['gt_label_difficult'] == [1]
    assert ('gt_score' in info) == (scores is not None)
    if scores:
        assert info['gt_score'].tolist() == scores
        assert dataset.get_data_info(2)['gt_score'].tolist() == [0, 0, 0]
    test = build(root, difficult=difficult, test_mode=True).get_data_info(0)
    assert test['gt_label'] == [0]
    assert 'gt_score' not in test


def test_an_unknown_policy_for_difficult_labels(root):
    with pytest.raises(ValueError, match="difficult must be .*'maybe'"):
        build(root, difficult='maybe')
