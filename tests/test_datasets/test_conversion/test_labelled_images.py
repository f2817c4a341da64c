import json

import pytest

from mmsrdl.datasets import MultiLabelJson
from mmsrdl.datasets.conversion import (
    LabelledImages,
    index_labels,
    report,
)
from mmsrdl.datasets.label_sets import read_classes


def make(count=10, **kwargs):
    entries = [
        {'img_path': f'{i}.jpg', 'gt_label': [i % 2]} for i in range(count)
    ]
    return LabelledImages(('cat', 'dog'), entries, **kwargs)


def test_what_is_written_is_read(tmp_path, write_image):
    entries = [
        {'img_path': 'Ünïcode 猫.jpg', 'gt_label': [1]},
        {'img_path': 'sub/b.jpg', 'gt_label': [], 'gt_label_difficult': [0]},
        {'img_path': str(tmp_path / 'else/c.jpg'), 'gt_label': [0, 1]},
    ]
    for entry in entries:
        entry.setdefault('gt_label_difficult', [])
        write_image(tmp_path / 'images' / entry['img_path'])
    out = tmp_path / 'made/train.json'
    images = LabelledImages(['猫', 'dog'], entries)
    assert images.write(out) is None
    assert '猫' in out.read_text('utf-8')
    assert len(out.read_text('utf-8').splitlines()) == 6  # one image a line
    dataset = MultiLabelJson(
        'made/train.json', data_root=str(tmp_path), data_prefix='images'
    )
    assert dataset.metainfo['classes'] == ('猫', 'dog')
    assert dataset.metainfo['has_difficult'] is True
    infos = [dataset.get_data_info(i) for i in range(3)]
    assert [list(info['gt_label']) for info in infos] == [[1], [], [0, 1]]
    assert list(infos[1]['gt_label_difficult']) == [0]
    assert infos[2]['img_path'] == entries[2]['img_path']


def test_protocol_and_split_travel_along(tmp_path):
    out = tmp_path / 'x.json'
    make(protocol='voc07', split='test').write(out)
    metainfo = json.loads(out.read_text())['metainfo']
    assert (metainfo['protocol'], metainfo['split']) == ('voc07', 'test')
    assert 'has_difficult' not in metainfo


def test_the_list_of_the_skipped_comes_and_goes(tmp_path):
    out = tmp_path / 'x.json'
    images = make(skipped=[('a.jpg', 'too odd'), ('b.jpg', 'too odd')])
    listed = images.write(out)
    assert listed == tmp_path / 'x.json.skipped.txt'
    assert listed.read_text() == 'a.jpg\ttoo odd\nb.jpg\ttoo odd\n'
    assert '2 skipped: 2 too odd' in report(images)
    assert make().write(out) is None
    assert not listed.exists()


def test_missing_images(tmp_path, write_image):
    for i in (0, 2):
        write_image(tmp_path / f'{i}.jpg')
    with pytest.raises(FileNotFoundError, match="1 of 3 images.*'1.jpg'.*dr"):
        make(3).check_images(tmp_path)
    images = make(3)
    images.check_images(tmp_path, 'keep')
    assert len(images.data_list) == 3
    assert '1 of 3 images are missing' in report(images)
    images = make(3)
    images.check_images(tmp_path, 'drop')
    assert [e['img_path'] for e in images.data_list] == ['0.jpg', '2.jpg']
    assert images.skipped == [('1.jpg', 'image missing')]
    with pytest.raises(FileNotFoundError, match='no image folder'):
        make().check_images(tmp_path / 'nowhere', 'drop')
    with pytest.raises(ValueError, match='missing must be one of'):
        make().check_images(tmp_path, 'ignore')


def test_nothing_left_is_an_error(tmp_path):
    images = make(2)
    (tmp_path / 'images').mkdir()
    images.check_images(tmp_path / 'images', 'drop')
    with pytest.raises(ValueError, match='No image is left.*2 were skipped'):
        images.write(tmp_path / 'x.json')
    assert not (tmp_path / 'x.json').exists()


def test_duplicates_are_refused():
    entries = [{'img_path': p, 'gt_label': []} for p in 'abca']
    with pytest.raises(ValueError, match="1 images are listed.*first 'a'"):
        LabelledImages(('x',), entries)
    with pytest.raises(ValueError, match=r"duplicate class names \['x'\]"):
        LabelledImages(('x', 'x'), entries[:1])


def test_split_off_is_a_partition_by_seed():
    images = make(10, skipped=[('z', 'why')], notes=['a note'])
    train, val = images.split_off(0.3, seed=1)
    parts = [[e['img_path'] for e in part.data_list] for part in (train, val)]
    assert [len(part) for part in parts] == [7, 3]
    assert sorted(sum(parts, [])) == [f'{i}.jpg' for i in range(10)]
    again = images.split_off(0.3, seed=1)[1]
    other = images.split_off(0.3, seed=2)[1]
    assert again.data_list == val.data_list != other.data_list
    assert train.skipped and not val.skipped
    for share in (0, 1, 0.01):
        with pytest.raises(ValueError, match='leaves nothing'):
            images.split_off(share)


def test_report_counts_and_compares():
    text = report(make(5, protocol='voc07', split='test'))
    assert '5 images, 2 classes' in text
    assert '5 labels, 1.00 an image (1 to 1); 0 images show no' in text
    assert 'published (voc07, test): 4,952 images, NOT AS HERE' in text
    assert text.splitlines()[-2:] == [
        'cat         3  60.0 %',
        'dog         2  40.0 %',
    ]
    assert 'In the config' not in text
    assert "In the config: classes = ['cat', 'dog']" in report(make())
    same = make(4952, protocol='voc07', split='test')
    assert '4,952 images, as here' in report(same)
    assert 'no count for' in report(make(protocol='voc07', split='mine'))


def test_report_shows_both_ends_of_many_classes():
    names = [f'c{i}' for i in range(40)]
    entries = [
        {'img_path': str(i), 'gt_label': list(range(i))} for i in range(39)
    ]
    lines = report(LabelledImages(names, entries), shown=3).splitlines()
    rows = [line.split() for line in lines[-4:-1]]
    assert [(row[0], row[4]) for row in rows] == [
        ('c0', 'c39'),
        ('c1', 'c38'),
        ('c2', 'c37'),
    ]
    assert rows[0][1] == '38' and rows[1][5] == '0'
    assert lines[-1] == 'no image shows c38, c39'


def test_class_lists(tmp_path):
    text = tmp_path / 'classes.txt'
    text.write_text('b\na\n')
    assert read_classes(text) == ('b', 'a')
    assert len(read_classes('coco')) == 80
    out = tmp_path / 'train.json'
    make().write(out)
    assert read_classes(out) == ('cat', 'dog')
    out.write_text('[]')
    with pytest.raises(ValueError, match='train.json.*no converted file'):
        read_classes(out)
    with pytest.raises(FileNotFoundError, match='no file'):
        read_classes(tmp_path / 'none.json')


def test_unknown_labels_are_named_with_suggestions():
    rows = [('line 2', ['cat']), ('line 3', ['hotdog', 'cat', 'cat'])]
    assert index_labels(rows) == (('cat', 'hotdog'), [[0], [0, 1]])
    with pytest.raises(ValueError, match=r"line 3: .*did you mean 'hot dog'"):
        index_labels(rows, ['cat', 'hot dog'])
    with pytest.raises(ValueError, match='no label at all'):
        index_labels([('line 2', [])])
