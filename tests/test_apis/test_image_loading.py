import io

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import LoadImageFromFile
from mmengine.utils import digit_version
from mmpretrain.registry import TRANSFORMS
from PIL import Image

from mmsrdl.apis.image_loading import ImageLoader

STEPS = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(32, 32)),
    dict(type='PackInputs'),
]
WEBP = pytest.mark.skipif(
    digit_version(cv2.__version__) < digit_version('4.12'),
    reason='this OpenCV does not read the EXIF data of WebP',
)
TURNS = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: np.rot90(x),
    7: lambda x: np.rot90(x, 2).swapaxes(0, 1),
    8: lambda x: np.rot90(x, -1),
}
"""By EXIF orientation, how a camera has turned what it stores."""


def encode(array, kind='JPEG', orientation=1):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(TURNS[orientation](array)))
    file = io.BytesIO()
    options = dict(lossless=True) if kind == 'WEBP' else dict(quality=100)
    stored.save(file, kind, exif=exif, **options)
    return file.getvalue()


@pytest.fixture(scope='module')
def load():
    return ImageLoader(STEPS)


@pytest.mark.parametrize(
    'kind, orientation',
    [
        *(('JPEG', i) for i in TURNS),
        ('PNG', 6),
        ('TIFF', 6),
        pytest.param('WEBP', 6, marks=WEBP),
    ],
)
def test_photos_are_turned_upright(load, tmp_path, kind, orientation):
    upright = np.zeros((32, 64, 3), np.uint8)
    upright[:16, :32], upright[16:, 32:] = 255, 100  # whole JPEG blocks
    path = tmp_path / 'photo'
    path.write_bytes(encode(upright, kind, orientation))
    image = load.read(str(path))
    assert image['ori_shape'] == (32, 64)
    np.testing.assert_allclose(image['img'], upright, atol=3)
    turned, expected = load(str(path)), load(upright)
    assert (turned.path, expected.path) == (str(path), None)
    np.testing.assert_allclose(
        turned.packed['inputs'], expected.packed['inputs'], atol=3
    )


PHOTO = encode(np.random.default_rng(0).integers(0, 255, (64, 64, 3), 'u1'))


@pytest.mark.parametrize(
    'content, reason',
    [
        (None, 'there is no such file'),
        (b'', 'the file is empty'),
        (PHOTO[: len(PHOTO) // 2], 'it is damaged, or not an image'),
        (PHOTO[:-10], 'it is damaged, or not an image'),
        (b'<html>', 'it is damaged, or not an image'),
    ],
)
def test_unreadable_files(load, tmp_path, content, reason):
    path = tmp_path / 'photo.jpg'
    if content is not None:
        path.write_bytes(content)
    loaded = load(str(path))
    assert loaded.packed is None
    assert loaded.error.startswith(f'Cannot read {path}: {reason}')


@pytest.mark.parametrize(
    'array, reason',
    [
        (np.zeros((4, 4)), 'must be uint8, not float64'),
        (np.zeros((4, 4, 2), np.uint8), r'must be (H, W, 3), not (4, 4, 2)'),
        (np.zeros((0, 4, 3), np.uint8), r'must be (H, W, 3), not (0, 4, 3)'),
        (7, 'a path or an array, not a int'),
        (Image.new('RGB', (4, 4)), 'a path or an array, not a Image'),
    ],
)
def test_what_is_no_image(load, array, reason):
    loaded = load(array)
    assert loaded.packed is None
    assert loaded.error.startswith('Cannot read the array: ')
    assert reason in loaded.error


@pytest.mark.parametrize('size', [(1, 1), (10000, 1), (1, 10000)])
def test_odd_sizes(load, tmp_path, size):
    path = tmp_path / 'photo.png'
    Image.new('RGB', size, (10, 20, 30)).save(path)
    packed = load(str(path)).packed
    assert packed['inputs'].shape == (3, 32, 32)
    assert packed['inputs'][:, 0, 0].tolist() == [30, 20, 10]


def test_what_the_pipeline_cannot_take():
    """It is told from an image that cannot be read."""
    shrink = dict(type='Resize', scale_factor=0.1)
    load = ImageLoader([STEPS[0], shrink, STEPS[2]])
    fine, tiny = (np.zeros((n, 40, 3), np.uint8) for n in (40, 3))
    assert load(fine).error is None
    start = 'The test pipeline cannot take the array, of 40 x 3 pixels: '
    assert load(tiny).error.startswith(start)


def test_what_cannot_be_mapped():
    pad = dict(type='Pad', size=(64, 64))
    load = ImageLoader([STEPS[0], pad, STEPS[2]])
    whole, padded = (np.zeros((64, n, 3), np.uint8) for n in (64, 48))
    assert load(whole, with_area=True).area.box == (0, 0, 1, 1)
    assert load(padded).error is None
    error = load(padded, with_area=True).error
    assert error.startswith('There are no maps of the array: The test')


@pytest.mark.parametrize('steps', [None, [], STEPS[1:]])
def test_a_pipeline_begins_with_loading(steps):
    with pytest.raises(ValueError, match='no test pipeline that begins'):
        ImageLoader(steps)


@TRANSFORMS.register_module()
class LoadImageOfTheTest(LoadImageFromFile):
    pass


def test_another_loader_of_files(tmp_path):
    """A subclass of LoadImageFromFile begins a pipeline as well."""
    image = np.random.default_rng(0).integers(0, 255, (9, 7, 3), np.uint8)
    path = tmp_path / 'a.png'
    cv2.imwrite(str(path), image)
    load = ImageLoader(
        [dict(type='LoadImageOfTheTest'), dict(type='PackInputs')]
    )
    loaded = load(str(path))
    assert torch.equal(
        loaded.packed['inputs'], torch.from_numpy(image).permute(2, 0, 1)
    )
