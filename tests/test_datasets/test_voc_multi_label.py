import numpy as np
import pytest
import torch
from mmpretrain.registry import DATASETS

from mmsrdl.datasets import VOCMultiLabel

CLASSES = ('cat', 'dog', 'person')


def xml(*objects):
    """An annotation; an object is a name and maybe a `difficult`."""
    body = ''
    for name, *difficult in objects:
        flag = f'<difficult>{difficult[0]}</difficult>' if difficult else ''
        body += f'<object><name>{name}</name>{flag}</object>'
    return f'<annotation>{body}</annotation>'


@pytest.fixture
def root(tmp_path, write_image):
    """Three images; the second has a difficult dog and a mixed person."""
    annotations = {
        'a': xml(('person', 0), ('cat', 0)),
        'b': xml(('person', 1), ('dog', 1), ('person', 0)),
        'c': xml(('dog', 0)),
    }
    for name, text in annotations.items():
        write_image(tmp_path / 'JPEGImages' / f'{name}.jpg')
        path = tmp_path / 'Annotations' / f'{name}.xml'
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    write_split(tmp_path, 'a\nb\nc\n')
    return tmp_path


def write_split(root, text, split='trainval'):
    path = root / 'ImageSets' / 'Main' / f'{split}.txt'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def build(root, **kwargs):
    return VOCMultiLabel(str(root), **{'classes': CLASSES, **kwargs})


def test_boxes_of_an_image(root):
    box = '<bndbox>{}</bndbox>'.format(
        ''.join(
            f'<{tag}>{value}</{tag}>'
            for tag, value in zip(
                ('xmin', 'ymin', 'xmax', 'ymax'), (1, 11, 20, 20), strict=True
            )
        )
    )
    path = root / 'Annotations' / 'b.xml'
    size = '<size><width>40</width><height>20</height></size>'
    text = path.read_text().replace('</object>', f'{box}</object>')
    path.write_text(text.replace('<annotation>', f'<annotation>{size}'))
    boxes = build(root, classes=['dog', 'person']).get_boxes(1)
    assert boxes.labels.tolist() == [1, 0, 1]
    assert boxes.difficult.tolist() == [True, True, False]
    np.testing.assert_allclose(boxes.boxes, [[0, 0.5, 0.5, 1]] * 3)
    images = dict(img_path='JPEGImages')
    write_split(root, 'a\n', 'test')
    dataset = build(root, split='test', test_mode=True, data_prefix=images)
    with pytest.raises(ValueError, match='no boxes'):
        dataset.get_boxes(0)


def names(dataset):
    return [
        dataset.get_data_info(i)['img_path'].split('/')[-1]
        for i in range(len(dataset))
    ]


def test_labels_are_sorted_and_difficult_means_all_are_difficult(root):
    dataset = build(root)
    first, second = (dataset.get_data_info(i) for i in range(2))
    assert first['gt_label'] == [0, 2]
    assert first['gt_label_difficult'] == []
    # A person of whom one object is not difficult is just a person.
    assert second['gt_label'] == [2]
    assert second['gt_label_difficult'] == [1]
    assert 'gt_score' not in second
    assert dataset.get_cat_ids(0) == [0, 2]
    assert dataset.metainfo['classes'] == CLASSES


def test_it_is_built_from_a_config(root):
    dataset = DATASETS.build(
        {'type': 'VOCMultiLabel', 'data_root': str(root), 'classes': CLASSES}
    )
    assert len(dataset) == 3
    assert 'Number of samples: \t3' in repr(dataset)


def test_difficult_positive_trains_and_tests_apart(root):
    train = build(root, difficult='positive').get_data_info(1)
    assert train['gt_label'] == [1, 2]
    test = build(root, difficult='positive', test_mode=True).get_data_info(1)
    assert test['gt_label'] == [2]
    assert train['gt_label_difficult'] == test['gt_label_difficult'] == [1]


def test_difficult_ignore_is_an_unknown_target_in_training(root, pipeline):
    dataset = build(root, difficult='ignore', pipeline=pipeline)
    samples = [dataset[i]['data_samples'] for i in range(3)]
    torch.testing.assert_close(
        torch.stack([sample.gt_score for sample in samples]),
        torch.tensor([[1.0, 0, 1], [0, -1, 1], [0, 1, 0]]),
    )
    assert samples[1].gt_label.tolist() == [2]
    assert samples[1].gt_label_difficult == [1]
    test = build(root, difficult='ignore', test_mode=True)
    assert 'gt_score' not in test.get_data_info(1)


@pytest.mark.parametrize(
    'flag', ['', '<difficult/>', '<difficult> 0\n</difficult>']
)
def test_xml_without_a_difficult_flag(root, flag):
    (root / 'Annotations' / 'a.xml').write_text(
        f'<annotation><object><name>cat</name>{flag}'
        '<part><name>head</name></part></object></annotation>'
    )
    info = build(root).get_data_info(0)
    assert info['gt_label'] == [0]
    assert info['gt_label_difficult'] == []


def test_an_image_without_objects_has_no_label(root, pipeline):
    (root / 'Annotations' / 'a.xml').write_text(xml())
    dataset = build(root, pipeline=pipeline)
    label = dataset[0]['data_samples'].gt_label
    assert label.shape == (0,)
    assert label.dtype == torch.int64


@pytest.mark.parametrize(
    'text',
    [
        'a\nb\nc',
        'a\r\nb\r\nc\r\n',
        '\ufeffa\n\nb\n  \nc\n\n',
        'a  1\nb -1\nc  0\n',
    ],
    ids=['no final newline', 'CRLF', 'blank lines', 'per-class columns'],
)
def test_split_files(root, text):
    write_split(root, text)
    assert names(build(root)) == ['a.jpg', 'b.jpg', 'c.jpg']


def test_split_file_keeps_its_order_and_refuses_duplicates(root):
    write_split(root, 'c\na\n')
    assert names(build(root)) == ['c.jpg', 'a.jpg']
    write_split(root, 'c\na\nc\n')
    with pytest.raises(ValueError, match='twice: c'):
        build(root)


def test_a_list_of_images_of_ones_own(root):
    (root / 'lists').mkdir()
    (root / 'lists' / 'mine.txt').write_text('c\nb\n')
    dataset = build(root, split='', image_set_path='lists/mine.txt')
    assert names(dataset) == ['c.jpg', 'b.jpg']


def test_labels_of_all_images(root):
    labels = build(root).get_gt_labels()
    assert [row.tolist() for row in labels] == [[0, 2], [2], [1]]
    (root / 'Annotations' / 'a.xml').write_text(xml())
    labels = build(root).get_gt_labels()
    assert [row.tolist() for row in labels] == [[], [2], [1]]
    assert {row.dtype for row in labels} == {np.dtype(np.int64)}


def test_an_empty_split_is_an_error(root):
    write_split(root, '\n')
    with pytest.raises(ValueError, match='lists no image(.|\n)*trainval.txt'):
        build(root)


def test_a_missing_split_file_suggests_the_inner_folder(root, tmp_path):
    with pytest.raises(FileNotFoundError, match='val.txt.*data_root'):
        build(root, split='val')
    outer = tmp_path / 'outer'
    inner = outer / 'VOCdevkit' / 'VOC2012'
    inner.mkdir(parents=True)
    with pytest.raises(
        FileNotFoundError, match=f'Did you mean {str(inner)!r}'
    ):
        build(outer, year='2012')


def test_missing_annotations_are_counted_and_named(root):
    (root / 'Annotations' / 'b.xml').unlink()
    (root / 'Annotations' / 'c.xml').unlink()
    with pytest.raises(FileNotFoundError, match='2 of 3 annotations.*: b, c'):
        build(root)


def test_missing_images_are_left_out_of_training_only(root, log):
    (root / 'JPEGImages' / 'b.jpg').unlink()
    assert names(build(root)) == ['a.jpg', 'c.jpg']
    assert any('1 of 3 images are missing' in m and 'b.jpg' in m for m in log)
    with pytest.raises(FileNotFoundError, match='1 of 3 images.*b.jpg'):
        build(root, test_mode=True)


def test_no_image_at_all_is_an_error_in_training_too(root):
    for path in (root / 'JPEGImages').iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match='3 of 3 images'):
        build(root)
    (root / 'JPEGImages').rmdir()
    with pytest.raises(FileNotFoundError, match='no image folder.*JPEGImages'):
        build(root)


def test_names_outside_of_voc_need_classes(root, log):
    (root / 'Annotations' / 'a.xml').write_text(xml(('aeroplan',), ('cat',)))
    with pytest.raises(ValueError, match="you mean 'aeroplane'.*a.xml"):
        build(root, classes=None)
    dataset = build(root)
    assert dataset.get_data_info(0)['gt_label'] == [0]
    assert any('ignores objects' in m and "'aeroplan'" in m for m in log)


def test_a_class_that_no_image_shows_is_reported(root, log):
    build(root, classes=['cat', 'dog', 'Person'])
    assert any('none of the 3 images shows Person' in m for m in log)


def test_classes_in_another_order_and_from_a_file(root, tmp_path):
    dataset = build(root, classes=['person', 'dog'])
    assert dataset.get_data_info(0)['gt_label'] == [0]
    assert dataset.get_data_info(1)['gt_label_difficult'] == [1]
    (tmp_path / 'classes.txt').write_text('person\ndog\n')
    other = build(root, classes=str(tmp_path / 'classes.txt'))
    assert other.metainfo['classes'] == ('person', 'dog')


@pytest.mark.parametrize(
    ('kwargs', 'error', 'match'),
    [
        ({'classes': ['cat', 'cat']}, ValueError, "duplicate.*'cat'"),
        ({'classes': []}, ValueError, 'no class name'),
        ({'classes': 'animals.txt'}, ValueError, "label set 'animals.txt'"),
        ({'classes': 3}, TypeError, 'list of strings'),
        ({'year': '2008'}, ValueError, 'year'),
        ({'difficult': 'maybe'}, ValueError, 'difficult'),
        ({'split': 'foo'}, ValueError, "'val', 'trainval', .*got 'foo'"),
        ({'split': None}, ValueError, 'split must be one of'),
        ({'split': ''}, ValueError, "split='' needs image_set_path"),
        ({'ann_file': 'a.txt'}, TypeError, "no ann_file .'a.txt'.*`split`"),
    ],
)
def test_bad_arguments(root, kwargs, error, match):
    with pytest.raises(error, match=match):
        build(root, **kwargs)


@pytest.mark.parametrize(
    ('text', 'match'),
    [
        ('<annotation><object>', 'not valid XML'),
        ('', 'not valid XML'),
        ('<annotation>\n<object>\n</annotation>', 'not valid XML.*line 3'),
        ('<?xml version="1.0" encoding="x"?><a/>', 'unknown encoding: x'),
        ('<?xml version="1.0" encoding="utf-7"?><a/>', 'not valid XML'),
        ('<annotation><object/></annotation>', 'without a name'),
        (xml(('cat', 'yes')), "'cat' must be 0 or 1, got 'yes'"),
    ],
)
def test_bad_xml_is_named(root, text, match):
    (root / 'Annotations' / 'b.xml').write_text(text)
    with pytest.raises(ValueError, match=match) as error:
        build(root)
    assert 'b.xml' in str(error.value)


def test_lists_that_are_not_utf8_are_named(root):
    path = root / 'ImageSets/Main/trainval.txt'
    path.write_bytes(b'a\n\xff\n')
    with pytest.raises(ValueError, match="trainval.txt', line 2: .*UTF-8"):
        build(root)
    with pytest.raises(ValueError, match="trainval.txt', line 2: .*UTF-8"):
        build(root, classes=str(path))


def test_a_split_without_public_labels(root, pipeline):
    write_split(root, 'a\nb\n', split='test')
    dataset = build(
        root,
        split='test',
        year='2012',
        difficult='ignore',
        data_prefix={'img_path': 'JPEGImages'},
        test_mode=True,
        pipeline=pipeline,
    )
    assert len(dataset) == 2
    assert 'gt_label' not in dataset[0]['data_samples']


@pytest.mark.parametrize('content', [b'', b'not an image'])
def test_unreadable_images_are_skipped_in_training(
    root, pipeline, log, content
):
    broken = root / 'JPEGImages' / 'b.jpg'
    broken.write_bytes(content)
    dataset = build(root, pipeline=pipeline)
    np.random.seed(0)
    for _ in range(5):
        sample = dataset[1]['data_samples']
        assert not sample.img_path.endswith('b.jpg')
    assert any('Cannot read the image' in m and str(broken) in m for m in log)
    test = build(root, pipeline=pipeline, test_mode=True)
    with pytest.raises(OSError, match='b.jpg'):
        test[1]


def test_an_image_lost_after_loading_is_skipped_too(root, pipeline, log):
    pipeline[0]['ignore_empty'] = True
    dataset = build(root, pipeline=pipeline)
    test = build(root, pipeline=pipeline, test_mode=True)
    (root / 'JPEGImages' / 'b.jpg').unlink()
    np.random.seed(0)
    assert dataset[1]['data_samples'].img_path[-5] in 'ac'
    assert any('b.jpg' in m for m in log)
    with pytest.raises(OSError, match='b.jpg'):
        test[1]


def test_a_fault_of_a_later_transform_is_not_taken_for_a_bad_image(
    root, pipeline
):
    def fail(results):
        raise RuntimeError('a bug')

    dataset = build(root, pipeline=[pipeline[0], fail])
    with pytest.raises(RuntimeError, match='a bug'):
        dataset[0]


def test_an_incomplete_public_split_is_reported(root, log):
    build(root, classes=None)
    assert any(
        'VOC 2007 trainval lists 3 images where 5,011' in m for m in log
    )
    log.clear()
    build(root)
    assert not any('published' in m for m in log)


def test_reading_waits_until_it_is_asked_for(tmp_path):
    dataset = VOCMultiLabel(str(tmp_path / 'nowhere'), lazy_init=True)
    assert len(dataset.metainfo['classes']) == 20
    with pytest.raises(FileNotFoundError, match='no split file'):
        dataset.full_init()


# Published numbers of trainval images that show a class, in class order.
TRAINVAL = (
    238, 243, 330, 181, 244, 186, 713, 337, 445, 141,
    200, 421, 287, 245, 2008, 245, 96, 229, 261, 256,
)  # fmt: skip


@pytest.mark.parametrize(
    ('split', 'counts'),
    [('trainval', (5008, 7301, 607)), ('test', (4952, 7013, 619))],
)
def test_real_counts(real_voc, split, counts):
    dataset = VOCMultiLabel(str(real_voc), split)
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    shown = np.zeros((2, 20), int)
    for info in infos:
        shown[0, info['gt_label']] += 1
        shown[1, info['gt_label_difficult']] += 1
        assert set(info['gt_label']).isdisjoint(info['gt_label_difficult'])
    assert (len(infos), *shown.sum(1)) == counts
    if split == 'trainval':
        # Three of the 5,011 images are not there.
        lost = np.array(TRAINVAL) - shown[0]
        assert lost.min() >= 0
        assert lost.sum() == 7306 - 7301
