import pytest

from mmsrdl.datasets.conversion import convert_nuswide, nuswide
from mmsrdl.datasets.label_sets import NUSWIDE_CLASSES

PATHS = [
    'actor\\0001_2124494179.jpg',
    'actor\\0002_174174086.jpg',
    'zebra\\0003_1131665213.jpg',
]
SHOWN = {'sky': [0, 2], 'zebra': [2]}


@pytest.fixture
def root(tmp_path):
    """The official layout of both splits, with its line ends."""
    (tmp_path / 'ImageList').mkdir()
    folder = tmp_path / 'Groundtruth/TrainTestLabels'
    folder.mkdir(parents=True)
    for split in ('Train', 'Test'):
        path = tmp_path / f'ImageList/{split}Imagelist.txt'
        path.write_bytes('\r\n'.join([*PATHS, '']).encode())
        for name in NUSWIDE_CLASSES:
            shown = SHOWN.get(name, [])
            lines = [str(int(i in shown)) for i in range(len(PATHS))]
            path = folder / f'Labels_{name}_{split}.txt'
            path.write_text('\n'.join(lines) + '\n')
    return tmp_path


def label_file(root, name, split='Train'):
    return root / f'Groundtruth/TrainTestLabels/Labels_{name}_{split}.txt'


@pytest.mark.parametrize('split', ['train', 'test'])
def test_official_layout(root, split):
    images = convert_nuswide(root, split)
    assert images.classes == NUSWIDE_CLASSES
    sky, zebra = map(NUSWIDE_CLASSES.index, ('sky', 'zebra'))
    assert images.data_list == [
        {'img_path': 'actor/0001_2124494179.jpg', 'gt_label': [sky]},
        {'img_path': 'zebra/0003_1131665213.jpg', 'gt_label': [sky, zebra]},
    ]
    assert images.skipped == [('actor/0002_174174086.jpg', 'shows no class')]
    assert (images.protocol, images.split) == ('nuswide', split)


def test_all_images(root):
    images = convert_nuswide(root, 'train', filter_empty=False)
    assert [len(e['gt_label']) for e in images.data_list] == [1, 0, 2]
    assert images.protocol == 'nuswide-all'


def test_deleted_flickr_images(root, write_image):
    flickr = root / 'Flickr'
    write_image(flickr / 'zebra/0003_1131665213.jpg')
    with pytest.raises(FileNotFoundError, match='1 of 2 images are missing'):
        convert_nuswide(root, 'train').check_images(flickr)
    images = convert_nuswide(root, 'train')
    images.check_images(flickr, 'drop')
    assert len(images.data_list) == 1
    assert ('actor/0001_2124494179.jpg', 'image missing') in images.skipped


def test_the_faulty_line_of_the_official_files(root, monkeypatch):
    """Told and listed; any other such line is an error."""
    path = label_file(root, 'lake')
    path.write_text('0\n-1130179\n0\n')
    with pytest.raises(ValueError, match="lake_Train.txt', line 2: expected"):
        convert_nuswide(root, 'train')
    monkeypatch.setattr(nuswide, 'FAULTS', {(path.name, 2): '-1130179'})
    images = convert_nuswide(root, 'train', filter_empty=False)
    assert images.data_list[1]['gt_label'] == []
    ((what, why),) = images.skipped
    assert what.startswith('Labels_lake_Train.txt, line 2 (actor/0002')
    assert 'known fault' in why


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda root: label_file(root, 'sky').unlink(), 'no file .*sky_Train'),
        (
            lambda root: label_file(root, 'sky').write_text('1\n0'),
            'sky_Train.txt. has 2 lines for 3 images',
        ),
        (
            lambda root: label_file(root, 'sky').write_text('1\nx\n0'),
            "sky_Train.txt', line 2: expected 0 or 1, got 'x'",
        ),
        (
            lambda root: label_file(root, 'sky').write_bytes(b'1\n\xff\n0'),
            "sky_Train.txt', line 2: the text is not UTF-8",
        ),
        (
            lambda root: (root / 'ImageList/TrainImagelist.txt').write_text(
                'a.jpg\n\nb.jpg'
            ),
            'line 2: there is no image',
        ),
        (
            lambda root: (root / 'ImageList/TrainImagelist.txt').write_text(
                'a.jpg\nb.jpg\na.jpg'
            ),
            "listed more than once, first 'a.jpg'",
        ),
    ],
)
def test_errors_name_file_and_line(root, change, message):
    change(root)
    with pytest.raises((FileNotFoundError, ValueError), match=message):
        convert_nuswide(root, 'train')
    with pytest.raises(ValueError, match='split must be one of'):
        convert_nuswide(root, 'val')
