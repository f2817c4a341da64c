import pytest

from mmsrdl.datasets import MultiLabelJson, VOCMultiLabel
from mmsrdl.datasets.conversion import convert_voc
from mmsrdl.datasets.label_sets import VOC_CLASSES

XML = '<annotation>{}</annotation>'
OBJECT = '<object><name>{}</name><difficult>{}</difficult></object>'


@pytest.fixture
def root(tmp_path):
    for name, objects in {
        '000005': [('dog', 0), ('person', 1), ('dog', 1)],
        '000007': [('person', 1)],
    }.items():
        path = tmp_path / 'Annotations' / f'{name}.xml'
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            XML.format(''.join(OBJECT.format(*o) for o in objects))
        )
    for split in ('trainval', 'test'):
        path = tmp_path / f'ImageSets/Main/{split}.txt'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('000005\n000007')
    return tmp_path


def labels(images):
    return [
        [
            [images.classes[i] for i in entry[key]]
            for key in ('gt_label', 'gt_label_difficult')
        ]
        for entry in images.data_list
    ]


def test_official_layout(root):
    images = convert_voc(root)
    assert images.classes == VOC_CLASSES
    assert [e['img_path'] for e in images.data_list] == [
        '000005.jpg',
        '000007.jpg',
    ]
    assert labels(images) == [[['dog'], ['person']], [[], ['person']]]
    assert (images.protocol, images.split) == ('voc07', 'trainval')


def test_images_in_folders_of_one_s_own(root):
    path = root / 'Annotations/sub/1.xml'
    path.parent.mkdir()
    path.write_text(XML.format(OBJECT.format('dog', 0)))
    (root / 'ImageSets/Main/trainval.txt').write_text('sub/1')
    (entry,) = convert_voc(root).data_list
    assert entry['img_path'] == 'sub/1.jpg'


def test_the_test_split_of_2012_has_no_labels(root):
    """Its annotations need not exist; the file can be predicted for."""
    images = convert_voc(root, 'test', '2012')
    assert images.data_list == [
        {'img_path': '000005.jpg'},
        {'img_path': '000007.jpg'},
    ]
    assert (images.protocol, images.split) == ('voc12', 'test')
    assert 'not public' in images.notes[0]
    assert 'gt_label' in convert_voc(root, 'test', '2007').data_list[0]
    bare = convert_voc(root, 'test', labels=False)
    assert 'gt_label' not in bare.data_list[0]
    assert bare.notes == []


def test_own_classes(root, log):
    images = convert_voc(root, classes=['dog'])
    assert images.classes == ('dog',)
    assert labels(images) == [[['dog'], []], [[], []]]
    assert images.protocol is None
    assert any("objects of other classes: 'person'" in m for m in log)


def test_errors_name_the_file(root):
    with pytest.raises(FileNotFoundError, match="no folder '.*nowhere'"):
        convert_voc(root / 'nowhere')
    with pytest.raises(FileNotFoundError, match='no split file .*val.txt'):
        convert_voc(root, 'val')
    (root / 'Annotations/000007.xml').write_text('<annotation>\n<object>')
    with pytest.raises(ValueError, match='000007.xml.*line 2'):
        convert_voc(root)
    (root / 'Annotations/000007.xml').write_text(
        XML.format(OBJECT.format('cats', 0))
    )
    with pytest.raises(ValueError, match=r"did you mean 'cat'.*000007.xml"):
        convert_voc(root)


@pytest.mark.parametrize(
    ('split', 'count'), [('trainval', 5008), ('test', 4952)]
)
def test_real_data_is_the_same_as_read_directly(
    data_root, split, count, tmp_path
):
    root = data_root / 'voc2007'
    images = convert_voc(root, split)
    images.check_images(root / 'JPEGImages')
    images.write(tmp_path / 'voc.json')
    converted = MultiLabelJson(
        str(tmp_path / 'voc.json'),
        data_prefix=str(root / 'JPEGImages'),
        test_mode=True,
    )
    direct = VOCMultiLabel(str(root), split, test_mode=True)
    assert len(converted) == len(direct) == count
    assert converted.metainfo['classes'] == direct.metainfo['classes']
    for key in ('protocol', 'has_difficult'):
        assert converted.metainfo[key] == direct.metainfo[key]
    for index in range(count):
        one, other = (d.get_data_info(index) for d in (converted, direct))
        assert one['img_path'] == other['img_path']
        for key in ('gt_label', 'gt_label_difficult'):
            assert list(one[key]) == list(other[key])
