import pytest

from mmsrdl.datasets import MultiLabelJson
from mmsrdl.datasets.conversion import convert_table


@pytest.fixture
def write(tmp_path):
    def write(text, name='labels.csv'):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def labels(images):
    return {
        entry['img_path']: [images.classes[i] for i in entry['gt_label']]
        for entry in images.data_list
    }


EXPECTED = {'sea.jpg': ['beach', 'boat'], 'a/street.jpg': ['person']}


@pytest.mark.parametrize(
    ('name', 'text', 'options'),
    [
        ('a.csv', 'image,labels\nsea.jpg,boat;beach\na/street.jpg,person', {}),
        ('a.csv', 'i,l\nsea.jpg,"boat, beach"\n"a/street.jpg",person\n\n', {}),
        ('a.csv', 'i,l\nsea.jpg,boat| beach|\na\\street.jpg,person|', {}),
        ('a.tsv', 'i\tl\nsea.jpg\tboat,beach\n./a/street.jpg\tperson', {}),
        (
            'a.csv',
            'i,l\nsea.jpg,boat beach\na/street.jpg,person',
            dict(separator=' '),
        ),
        (
            'a.csv',
            'i;l\nsea.jpg;boat,beach\na/street.jpg;person',
            dict(delimiter=';'),
        ),
        ('a.csv', 'i,one,two\nsea.jpg,boat,beach\na/street.jpg,person,', {}),
        (
            'a.csv',
            'id,x,file,tags\n1,,sea.jpg,boat;beach\n2,,a/street.jpg,person',
            dict(image_column='file', label_columns=['tags']),
        ),
        (
            'a.csv',
            'i,l\nsea.jpg,boat\na/street.jpg,person\nsea.jpg,beach',
            dict(merge=True),
        ),
        (
            'a.csv',
            'i,beach,boat,person\nsea.jpg,1,1,0\na/street.jpg,0, 0,1',
            dict(one_hot=True),
        ),
        ('a.csv', b'\xef\xbb\xbfi,l\r\nsea.jpg,boat;beach\r\n'
         b'a/street.jpg,person\r\n', {}),
    ],
)  # fmt: skip
def test_dialects(write, name, text, options):
    images = convert_table(write(text, name), **options)
    assert labels(images) == EXPECTED
    assert images.classes == ('beach', 'boat', 'person')


def test_one_label_a_cell_is_not_divided(write):
    images = convert_table(write('i,l\na.jpg,hot dog\nb.jpg,\n/c.jpg,cat'))
    assert labels(images) == {
        'a.jpg': ['hot dog'],
        'b.jpg': [],
        '/c.jpg': ['cat'],
    }
    assert 'not divided' in images.notes[0]


def test_unknown_labels_of_one_hot_columns(write, tmp_path, write_image):
    path = write('i,cat,dog,bird\na.png,1,0,\nb.png,0,-1,0\n')
    images = convert_table(path, one_hot=True)
    assert images.data_list == [
        {'img_path': 'a.png', 'gt_label': [0], 'gt_label_negative': [1]},
        {'img_path': 'b.png', 'gt_label': [], 'gt_label_negative': [0, 2]},
    ]
    for name in 'ab':
        write_image(tmp_path / f'{name}.png')
    images.write(tmp_path / 'x.json')
    dataset = MultiLabelJson('x.json', data_root=str(tmp_path))
    scores = [dataset.get_data_info(i)['gt_score'].tolist() for i in (0, 1)]
    assert scores == [[1, 0, -1], [0, -1, 0]]


def test_one_hot_classes_without_a_column_are_unknown(write):
    path = write('i,cat,dog\na.png,1,0\n')
    images = convert_table(path, one_hot=True, classes=['bird', 'cat', 'dog'])
    assert images.data_list == [
        {'img_path': 'a.png', 'gt_label': [1], 'gt_label_negative': [2]}
    ]


def test_urls_stay(write, tmp_path):
    path = write('i,l\ns3://bucket//a.jpg,cat\n')
    images = convert_table(path)
    images.check_images(tmp_path)
    assert images.data_list[0]['img_path'] == 's3://bucket//a.jpg'


def test_non_ascii_names(write):
    images = convert_table(write('bild,was\nstraße/küste 1.jpg,Möwe|猫'))
    assert labels(images) == {'straße/küste 1.jpg': ['Möwe', '猫']}


def test_given_classes_keep_their_order(write):
    path = write('i,l\na.jpg,cat\nb.jpg,dog')
    images = convert_table(path, classes=['dog', 'bird', 'cat'])
    assert images.classes == ('dog', 'bird', 'cat')
    assert [e['gt_label'] for e in images.data_list] == [[2], [0]]
    hot = write('i,cat,dog\na.jpg,1,0')
    images = convert_table(hot, one_hot=True, classes=['dog', 'cat'])
    assert images.data_list[0]['gt_label'] == [1]


@pytest.mark.parametrize(
    ('text', 'options', 'message'),
    [
        ('i,l\na.jpg,x\nb.jpg,y,z', {}, 'line 3: 3 columns .* Quote cells'),
        ('i,l\na.jpg,x\nb.jpg', {}, 'line 3: 1 column .* between all cells'),
        ('i,l\na.jpg,"x\nb.jpg,y', {}, r'line \d: unexpected end of data'),
        (b'i,l\na.jpg,x\nb\xe9.jpg,y', {}, 'line 3: the text is not UTF-8'),
        ('i,l\na.jpg,x\n,y', {}, 'line 3: there is no image'),
        ('i,l\na.jpg,x\nb,y\n./a.jpg,y', {}, r"line 4: .*'a.jpg' .*line 2"),
        ('i,l\na.jpg,x;y\nb,y|z', {}, "contain ';' and '|'|which of them"),
        ('a.jpg,x\nb.jpg,y', {}, r'line 1: .*no column names'),
        ('i,l', {}, 'lines of images'),
        ('', {}, 'lines of images'),
        ('i\na.jpg', {}, 'none for labels'),
        ('i;l\na.jpg;x', {}, r'none for labels.*--delimiter'),
        ('i,i\na,b', {}, "column names: duplicate class names"),
        ('image,l\na,b', dict(image_column='imag'), "did you mean 'image'"),
        ('i,l\na,cats', dict(classes=['cat']), r"line 2.*did you mean 'cat'"),
        ('i,x,y\na,1,2', dict(one_hot=True), "line 2: 'y' must be 1, 0 or"),
        ('i,l\na.jpg,', {}, 'no label at all'),
    ],
)  # fmt: skip
def test_errors_name_file_and_line(write, text, options, message):
    path = write(text)
    with pytest.raises(ValueError, match=message) as info:
        convert_table(path, **options)
    if 'line' in message or 'column' in message:
        assert str(path) in str(info.value)


def test_no_table(tmp_path):
    with pytest.raises(FileNotFoundError, match='no file .*none.csv'):
        convert_table(tmp_path / 'none.csv')
