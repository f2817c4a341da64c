import copy
import json

import pytest
import torch
from mmengine.dataset import ConcatDataset
from mmengine.evaluator import Evaluator

from mmsrdl.datasets import CocoMultiLabel, MultiLabelJson, VOCMultiLabel
from mmsrdl.datasets.label_sets import VOC_CLASSES
from mmsrdl.datasets.protocols import (
    follow_protocol,
    list_protocols,
    load_protocol,
)
from mmsrdl.evaluation import MultiLabelRecognitionMetric
from mmsrdl.evaluation.functional import AP_FORMS, DIFFICULT_POLICIES

#: Number of images that papers print, in the order of the splits.
PUBLISHED = {
    'coco14': (82081, 40137),
    'coco14-all': (82783, 40504),
    'coco17': (117266, 4952),
    'coco17-all': (118287, 5000),
    'nuswide': (125449, 83898),
    'nuswide-all': (161789, 107859),
    'vg256': (75774, 32475),
    'vg500': (82904, 10000),
    'voc07': (2501, 2510, 5011, 4952),
    'voc07-ml-gcn': (2501, 2510, 5011, 4952),
    'voc07-ssgrl': (2501, 2510, 5011, 4952),
    'voc12': (5717, 5823, 11540, 10991),
}


def test_published_counts():
    found = {
        name: tuple(load_protocol(name).splits.values())
        for name in list_protocols()
    }
    assert found == PUBLISHED


@pytest.mark.parametrize('name', PUBLISHED)
def test_a_file_says_what_metric_and_data_set_know(name):
    protocol = load_protocol(name)
    assert protocol.ap in AP_FORMS
    policies = protocol.difficult or {}
    assert set(policies) in ({'train', 'ap', 'f1'}, set())
    assert set(policies.values()) <= set(DIFFICULT_POLICIES)
    assert bool(policies) == name.startswith('voc')
    assert '\n' not in protocol.summary
    assert protocol.summary.startswith(f'{name} ({protocol.title}): ')


def test_policies_of_the_voc_codes():
    """Training, AP and P/R/F1, as the public code treats difficult labels."""
    assert {
        name: tuple(load_protocol(name).difficult.values())
        for name in ('voc07', 'voc07-ml-gcn', 'voc07-ssgrl')
    } == {
        'voc07': ('negative', 'ignore', 'ignore'),
        'voc07-ml-gcn': ('positive', 'ignore', 'negative'),
        'voc07-ssgrl': ('negative', 'negative', 'negative'),
    }


def test_unknown_protocols_are_named_with_a_suggestion():
    with pytest.raises(ValueError, match=r"'coco15' \(did you mean 'coco1"):
        load_protocol('coco15')
    with pytest.raises(ValueError, match='There is no protocol'):
        follow_protocol({'protocol': ['x']}, None, 'train', 1)


def test_differences_of_a_metric():
    protocol = load_protocol('voc07-ssgrl')
    negative = dict(ap='negative', f1='negative')
    assert protocol.differences('interpolated', negative) == []
    assert protocol.describe('interpolated', negative) == protocol.summary
    found = protocol.differences('area', dict(ap='ignore', f1='negative'))
    assert found == [
        'AP area, not interpolated',
        'difficult labels ignore, not negative, for AP',
    ]


def test_right_counts_and_classes_are_silent(log):
    metainfo = {'classes': list(VOC_CLASSES)}
    follow_protocol(metainfo, 'voc07', 'trainval', 5011, 'negative')
    assert metainfo['protocol'] == 'voc07'
    assert log == []


@pytest.mark.parametrize(
    ('classes', 'split', 'count', 'message'),
    [
        (VOC_CLASSES, 'test', 4950, '4,950 images where 4,952 are published'),
        (VOC_CLASSES, 'mine', 3, 'no such split, but train, val, trainval, t'),
        (VOC_CLASSES[::-1], 'test', 4952, 'or their order, are not those'),
    ],
)
def test_what_does_not_fit_is_reported(classes, split, count, message, log):
    metainfo = {'classes': classes, 'protocol': 'coco14'}
    follow_protocol(metainfo, 'voc07', split, count)
    assert message in log[0]
    assert len(log) == 1
    if classes != VOC_CLASSES:
        assert 'protocol' not in metainfo


def write_voc(root, write_image):
    for path, text in (
        ('Annotations/a.xml', '<a><object><name>dog</name></object></a>'),
        ('ImageSets/Main/trainval.txt', 'a'),
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    write_image(root / 'JPEGImages/a.jpg')


def test_public_data_sets_find_their_protocol(tmp_path, write_image, log):
    write_voc(tmp_path, write_image)
    voc = VOCMultiLabel(str(tmp_path), year='2012', test_mode=True)
    assert voc.metainfo['protocol'] == 'voc12'
    own = VOCMultiLabel(str(tmp_path), classes=['dog'])
    assert 'protocol' not in own.metainfo
    log.clear()
    VOCMultiLabel(str(tmp_path), protocol='voc07-ml-gcn')
    assert any("trains with difficult='positive'" in m for m in log)

    content = dict(
        images=[dict(id=1, file_name='a.jpg')],
        annotations=[dict(id=1, image_id=1, category_id=18)],
        categories=[dict(id=18, name='dog')],
    )
    for name in ('instances_val2014.json', 'mine.json'):
        (tmp_path / name).write_text(json.dumps(content))
        coco = CocoMultiLabel(str(tmp_path), name, 'JPEGImages')
        assert 'protocol' not in coco.metainfo  # 1 class


def test_the_annotations_or_the_config_name_a_protocol(
    tmp_path, write_image, log
):
    write_image(tmp_path / 'a.jpg')
    content = {
        'metainfo': {
            'classes': list(VOC_CLASSES),
            'protocol': 'voc12',
            'split': 'val',
        },
        'data_list': [{'img_path': 'a.jpg', 'gt_label': [0]}],
    }
    (tmp_path / 'x.json').write_text(json.dumps(content))
    paths = dict(ann_file='x.json', data_root=str(tmp_path), test_mode=True)
    dataset = MultiLabelJson(**paths)
    assert dataset.metainfo['protocol'] == 'voc12'
    assert any('2012 val lists 1 images where 5,823' in m for m in log)
    dataset = MultiLabelJson(protocol='voc07-ssgrl', **paths)
    assert dataset.metainfo['protocol'] == 'voc07-ssgrl'
    with pytest.raises(ValueError, match='no protocol'):
        MultiLabelJson(protocol='mine', **paths)


def test_data_sets_of_other_protocols_train_together(tmp_path, write_image):
    for year in ('2007', '2012'):
        write_voc(tmp_path / year, write_image)
    parts = [
        VOCMultiLabel(str(tmp_path / y), year=y) for y in ('2007', '2012')
    ]
    content = {
        'metainfo': {
            'classes': list(VOC_CLASSES),
            'has_difficult': True,
            'protocol': 'voc12',
            'split': 'val',
        },
        'data_list': [{'img_path': 'a.jpg', 'gt_label': [0]}],
    }
    (tmp_path / 'x.json').write_text(json.dumps(content))
    root = str(tmp_path / '2012')
    parts.append(
        MultiLabelJson('../x.json', data_root=root, data_prefix='JPEGImages')
    )
    assert len(ConcatDataset(parts)) == 3


def test_the_metric_tells_the_protocol(log):
    evaluator = Evaluator(MultiLabelRecognitionMetric())
    evaluator.dataset_meta = {'classes': VOC_CLASSES, 'protocol': 'voc07'}
    sample = dict(pred_score=torch.rand(20), gt_label=torch.tensor([3]))
    evaluator.process([copy.deepcopy(sample)])
    evaluator.evaluate(1)
    (line,) = [message for message in log if 'Protocol' in message]
    assert line == f'Protocol {load_protocol("voc07").summary}'
