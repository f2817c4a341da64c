"""Odd, broken and vanishing images, and the list of what was skipped."""

import io
import json

import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger
from PIL import Image, ImageOps

from mmsrdl.datasets import CocoMultiLabel, MultiLabelJson

LOAD = [{'type': 'LoadImageFromFile'}, {'type': 'PackInputs'}]


def photo():
    """A smooth picture, RGB, of which no two corners are alike."""
    small = np.random.default_rng(0).integers(0, 255, (4, 6, 3), np.uint8)
    return cv2.resize(small, (96, 64), interpolation=cv2.INTER_CUBIC)


def encode(image, kind='JPEG', **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def build(root, files, **kwargs):
    """A data set of the files of the given contents; None is no file."""
    (root / 'images').mkdir(exist_ok=True)
    for name, content in files.items():
        path = root / 'images' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is not None:
            path.write_bytes(content)
    content = {
        'metainfo': {'classes': ['cat']},
        'data_list': [{'img_path': n, 'gt_label': [0]} for n in files],
    }
    (root / 'train.json').write_text(json.dumps(content))
    kwargs = {'data_prefix': 'images', 'pipeline': LOAD, **kwargs}
    return MultiLabelJson('train.json', data_root=str(root), **kwargs)


def read(dataset, index=0):
    """An image as RGB (H, W, 3)."""
    return dataset[index]['inputs'].numpy()[::-1].transpose(1, 2, 0)


GOOD = encode(Image.fromarray(photo()))
BROKEN = {
    'truncated': GOOD[: len(GOOD) // 2],
    'almost whole': GOOD[:-10],
    'zero bytes': b'',
    'text': b'<html>404</html>',
}


@pytest.mark.parametrize('name', BROKEN)
def test_broken_images_are_skipped_and_listed(tmp_path, log, name):
    listed = tmp_path / 'skipped.txt'
    files = {'a.jpg': GOOD, 'b.jpg': BROKEN[name]}
    dataset = build(tmp_path, files, skip_file=str(listed))
    for _ in range(3):
        assert dataset[1]['data_samples'].img_path.endswith('a.jpg')
    assert any("b.jpg'" in m and 'Cannot read' in m for m in log)
    (line,) = listed.read_text().splitlines()
    path, reason = line.split('\t')
    assert path == str(tmp_path / 'images' / 'b.jpg')
    assert reason
    with pytest.raises(OSError, match='b.jpg.*Repair or replace'):
        build(tmp_path, files, test_mode=True)[1]


def test_an_image_that_vanishes_after_the_check(tmp_path, log):
    listed = tmp_path / 'skipped.txt'
    files = {'a.jpg': GOOD, 'b.jpg': GOOD}
    dataset = build(tmp_path, files, skip_file=str(listed))
    test = build(tmp_path, files, test_mode=True)
    (tmp_path / 'images' / 'b.jpg').unlink()
    assert dataset[1]['data_samples'].img_path.endswith('a.jpg')
    assert 'b.jpg\tFileNotFoundError: ' in listed.read_text()
    with pytest.raises(OSError, match='FileNotFoundError'):
        test[1]


@pytest.mark.parametrize('test_mode', [False, True])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_photos_are_turned_as_viewers_show_them(
    tmp_path, orientation, test_mode
):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = encode(Image.fromarray(photo()), exif=exif)
    dataset = build(tmp_path, {'a.jpg': stored}, test_mode=test_mode)
    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(stored)))
    assert shown.size == ((96, 64) if orientation < 5 else (64, 96))
    np.testing.assert_allclose(read(dataset), np.asarray(shown), atol=4)


def deep(array):
    """A PNG of 16 bits a channel."""
    return cv2.imencode('.png', array.astype(np.uint16) * 257)[1].tobytes()


@pytest.mark.parametrize(
    ('content', 'expected'),
    [
        (deep(photo()[..., ::-1]), photo()),
        (deep(photo()[..., 0]), photo()[..., :1].repeat(3, 2)),
        (
            encode(Image.fromarray(photo()[..., 0])),
            photo()[..., :1].repeat(3, 2),
        ),
        (encode(Image.fromarray(photo()).convert('CMYK')), photo()),
        (encode(Image.fromarray(photo()).convert('RGBA'), 'PNG'), photo()),
        (
            encode(Image.fromarray(photo()).quantize(256), 'PNG'),
            np.asarray(Image.fromarray(photo()).quantize(256).convert('RGB')),
        ),
    ],
    ids=['16 bit', '16 bit grey', 'grey', 'CMYK', 'opacity', 'palette'],
)
def test_unusual_colours(tmp_path, content, expected):
    image = read(build(tmp_path, {'a.jpg': content}))
    assert image.dtype == np.uint8
    difference = np.abs(image.astype(int) - expected)
    assert difference.mean() < 2
    assert difference.max() < 30


def test_names_in_any_script_and_any_kind_of_path(tmp_path):
    outside = tmp_path / 'elsewhere' / 'out.jpg'
    outside.parent.mkdir()
    outside.write_bytes(GOOD)
    files = {
        'Käse 🧀.jpg': GOOD,
        '写真/東京.jpg': GOOD,
        './sub/../plain.jpg': GOOD,
        str(outside): None,
        '../elsewhere/out.jpg': None,
    }
    (tmp_path / 'images' / 'sub').mkdir(parents=True)
    dataset = build(tmp_path, files)
    assert len(dataset) == 5
    for i, name in enumerate(files):
        sample = dataset[i]['data_samples']
        assert sample.img_path == str(tmp_path / 'images') + '/' + name or (
            sample.img_path == name == str(outside)
        )


def test_an_image_named_twice_is_told(tmp_path, log):
    dataset = build(tmp_path, {'a.jpg': GOOD, 'b.jpg': GOOD})
    assert not any('earlier one' in m for m in log)
    content = json.loads((tmp_path / 'train.json').read_text())
    content['data_list'] *= 2
    (tmp_path / 'train.json').write_text(json.dumps(content))
    dataset = MultiLabelJson(
        'train.json', data_root=str(tmp_path), data_prefix='images'
    )
    assert len(dataset) == 4
    assert any(
        '2 of 4 entries have the image of an earlier one: a.jpg, b.jpg' in m
        for m in log
    )


class TestTheListOfARun:
    @pytest.fixture
    def run(self, tmp_path):
        """The folder of a run's log, as a Runner makes it."""
        folder = tmp_path / 'work_dir' / '20260101'
        folder.mkdir(parents=True)
        logger = MMLogger.get_instance('run', log_file=str(folder / 'a.log'))
        yield folder
        for handler in logger.handlers:
            handler.close()

    def test_missing_and_unreadable_images(self, run, tmp_path):
        files = {'a.jpg': GOOD, 'b.jpg': b'', 'c.jpg': None}
        for _ in range(2):
            dataset = build(tmp_path, files)
            dataset[1]
        lines = (run / 'skipped_train.txt').read_text().splitlines()
        folder = tmp_path / 'images'
        assert lines[0] == f'{folder / "c.jpg"}\tmissing'
        assert len(lines) == 2, 'each is listed once'
        assert lines[1].startswith(f'{folder / "b.jpg"}\t')
        logged = (run / 'a.log').read_text()
        assert '1 of 3 images are missing' in logged
        assert str(run / 'skipped_train.txt') in logged

    def test_missing_images_in_testing(self, run, tmp_path):
        files = {f'{i}.jpg': None for i in range(20)} | {'a.jpg': GOOD}
        with pytest.raises(FileNotFoundError, match='20 of 21.*skipped_train'):
            build(tmp_path, files, test_mode=True)
        listed = (run / 'skipped_train.txt').read_text().splitlines()
        assert len(listed) == 20

    def test_images_without_labels_of_coco(self, run, tmp_path, write_image):
        write_image(tmp_path / 'a.jpg')
        content = {
            'images': [
                {'id': i, 'file_name': f'{name}.jpg'}
                for i, name in enumerate('abc')
            ],
            'annotations': [{'id': 1, 'image_id': 0, 'category_id': 1}],
            'categories': [{'id': 1, 'name': 'cat'}],
        }
        (tmp_path / 'mine.json').write_text(json.dumps(content))
        assert len(CocoMultiLabel(str(tmp_path), 'mine.json')) == 1
        listed = (run / 'skipped_mine.txt').read_text().splitlines()
        assert listed == [
            'b.jpg\tno label, and filter_empty=True',
            'c.jpg\tno label, and filter_empty=True',
        ]
        assert 'leaves out 2 images' in (run / 'a.log').read_text()

    def test_nothing_is_written_when_nothing_is_skipped(self, run, tmp_path):
        build(tmp_path, {'a.jpg': GOOD})[0]
        assert not list(run.glob('skipped*'))


BAD_JSON = {
    b'{"metainfo": {},\n "data_list": [1,\n 2,,]}': 'line 3 column 4',
    b'{"metainfo": {}, "data_list": [': 'line 1 column 32',
    b'{"metainfo": {},\n "data_list": ["\xff"]}': 'UTF-8.*line 2 column 17',
    b'[' * 100_000: 'recursion',
}


@pytest.mark.parametrize('content', BAD_JSON, ids=BAD_JSON.values())
def test_broken_json_names_line_and_column(tmp_path, content):
    path = tmp_path / 'a.json'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=BAD_JSON[content]) as error:
        MultiLabelJson(str(path))
    assert str(path) in str(error.value)
