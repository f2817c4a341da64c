import json

import pytest
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS

from mmsrdl.datasets.label_counting import (
    count_cooccurrence,
    count_positives,
    find_sources,
)

CLASSES = ['cat', 'dog', 'bird']
LABELS = {'a': [[0, 1], [0], []], 'b': [[1, 2], [2], [0, 1, 2], [1]]}


@pytest.fixture
def make(tmp_path):
    """Makes one of two data sets, by its name, and returns its config."""
    init_default_scope('mmpretrain')  # for what is in wrappers

    def config(name, **kwargs):
        entries = [
            dict(img_path=f'{name}{i}.jpg', gt_label=labels)
            for i, labels in enumerate(LABELS[name])
        ]
        content = dict(metainfo=dict(classes=CLASSES), data_list=entries)
        path = tmp_path / f'{name}.json'
        path.write_text(json.dumps(content))
        options = dict(check_images=False, pipeline=[])
        return dict(
            type='MultiLabelJson', ann_file=str(path), **options, **kwargs
        )

    return config


def wrap(kind, first, second):
    """A wrapper of one data set or two, whose images are in (a, b)."""
    return {
        'none': (first, 'a'),
        'repeat': (dict(type='RepeatDataset', dataset=first, times=2), 'aa'),
        'join': (dict(type='ConcatDataset', datasets=[first, second]), 'ab'),
        'balance': (
            dict(
                type='ClassBalancedDataset', dataset=second, oversample_thr=0.1
            ),
            'b',
        ),
        'both': (
            dict(
                type='RepeatDataset',
                dataset=dict(type='ConcatDataset', datasets=[first, second]),
                times=3,
            ),
            'ababab',
        ),
    }[kind]


@pytest.mark.parametrize('kind', ['none', 'repeat', 'join', 'balance', 'both'])
def test_counts_what_wrappers_hold_and_names_it(make, tmp_path, kind):
    config, names = wrap(kind, make('a'), make('b'))
    dataset = DATASETS.build(config)
    counted = count_cooccurrence(dataset)
    images = [labels for name in names for labels in LABELS[name]]
    assert counted.names == tuple(CLASSES)
    assert counted.num_images == len(images)
    assert counted.counts.tolist() == [
        [sum(i in image and j in image for image in images) for j in range(3)]
        for i in range(3)
    ]
    shares = counted.counts.diagonal() / len(images)
    assert count_positives(dataset).tolist() == shares.tolist()
    files = {
        str(tmp_path / f'{n}.json'): len(LABELS[n]) for n in sorted({*names})
    }
    assert find_sources(dataset) == files
    assert counted.source == ', '.join(files)


@pytest.mark.parametrize('kind', ['none', 'repeat', 'join', 'both'])
@pytest.mark.parametrize('count', [count_cooccurrence, count_positives])
def test_data_for_testing_is_refused(make, kind, count):
    config, _ = wrap(kind, make('a', test_mode=True), make('b'))
    with pytest.raises(ValueError, match=r'a\.json.*test_mode=True'):
        count(DATASETS.build(config))


def test_a_fold_to_validate_is_refused(make):
    config = dict(type='KFoldDataset', dataset=make('b'), num_splits=2)
    fold = DATASETS.build(config)
    assert count_cooccurrence(fold).num_images == 2
    with pytest.raises(ValueError, match='test_mode=True'):
        count_cooccurrence(DATASETS.build(dict(config, test_mode=True)))


def test_voc_is_named_by_its_list(data_root):
    dataset = DATASETS.build(
        dict(
            type='VOCMultiLabel',
            data_root=str(data_root / 'voc2007'),
            split='trainval',
            check_images=False,
            pipeline=[],
        )
    )
    path = data_root / 'voc2007/ImageSets/Main/trainval.txt'
    listed = len(path.read_text().splitlines())
    assert find_sources(dataset) == {str(path): listed}
