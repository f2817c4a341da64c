import pickle
import sys

import cv2
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from mmpretrain.registry import TRANSFORMS
from PIL import Image

from mmsrdl.datasets.transforms import load_image_turbojpeg as module


@pytest.fixture
def load():
    """Loads a file by TurboJPEG, and by OpenCV."""
    try:
        module._turbojpeg()
    except ImportError:
        pytest.skip('needs PyTurboJPEG and libjpeg-turbo')
    fast = TRANSFORMS.build({'type': 'LoadImageWithTurboJPEG'})

    def both(path):
        return fast({'img_path': str(path)}), LoadImageFromFile()(
            {'img_path': str(path)}
        )

    return both


@pytest.fixture
def turbo_calls(monkeypatch):
    """The images that TurboJPEG decoded, though it be a stand-in."""
    calls = []

    class StandIn:
        def decode(self, content):
            calls.append(content)
            return cv2.imdecode(
                np.frombuffer(content, np.uint8),
                cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION,
            )

    monkeypatch.setattr(module, '_turbojpeg', StandIn)
    return calls


def picture(height=40, width=60):
    coarse = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def save(path, mode='RGB', orientation=None, **options):
    image = Image.fromarray(picture()).convert(mode)
    if orientation is not None:
        exif = Image.Exif()
        exif[0x0112] = orientation
        exif[0x010F] = 'a maker'
        options['exif'] = exif
    image.save(path, **options)
    return path


def same(fast, plain):
    assert fast.keys() == plain.keys()
    for key in ('img_shape', 'ori_shape'):
        assert fast[key] == plain[key]
    assert fast['img'].dtype == plain['img'].dtype
    assert fast['img'].shape == plain['img'].shape
    gap = np.abs(fast['img'].astype(float) - plain['img'])
    assert gap.mean() < 1


@pytest.mark.parametrize('subsampling', [0, 1, 2])
@pytest.mark.parametrize('progressive', [False, True])
def test_jpeg_is_what_opencv_reads(load, tmp_path, subsampling, progressive):
    path = save(
        tmp_path / 'a.jpg',
        quality=80,
        subsampling=subsampling,
        progressive=progressive,
    )
    same(*load(path))


@pytest.mark.parametrize('mode', ['L', 'CMYK'])
def test_other_colours_are_what_opencv_reads(load, tmp_path, mode):
    same(*load(save(tmp_path / 'a.jpg', mode)))


def test_real_images_are_what_opencv_reads(load, real_voc):
    for path in sorted((real_voc / 'JPEGImages').glob('*.jpg'))[:50]:
        same(*load(path))


@pytest.mark.parametrize('orientation', range(1, 9))
def test_photos_are_turned(turbo_calls, tmp_path, orientation):
    path = str(save(tmp_path / 'a.jpg', orientation=orientation))
    fast = module.LoadImageWithTurboJPEG()({'img_path': path})
    plain = LoadImageFromFile()({'img_path': path})
    np.testing.assert_array_equal(fast['img'], plain['img'])
    assert fast['img_shape'] == plain['img_shape']
    assert len(turbo_calls) == (orientation == 1)


def test_other_formats_go_to_opencv(turbo_calls, tmp_path):
    path = str(save(tmp_path / 'a.png'))
    fast = module.LoadImageWithTurboJPEG(to_float32=True)({'img_path': path})
    plain = LoadImageFromFile(to_float32=True)({'img_path': path})
    np.testing.assert_array_equal(fast['img'], plain['img'])
    assert fast['img'].dtype == np.float32
    assert not turbo_calls


def test_float32(turbo_calls, tmp_path):
    path = str(save(tmp_path / 'a.jpg'))
    fast = module.LoadImageWithTurboJPEG(to_float32=True)({'img_path': path})
    assert fast['img'].dtype == np.float32
    assert len(turbo_calls) == 1


def test_a_missing_file_is_named(turbo_calls, tmp_path):
    path = str(tmp_path / 'missing.jpg')
    with pytest.raises(FileNotFoundError, match='missing.jpg'):
        module.LoadImageWithTurboJPEG()({'img_path': path})
    lenient = module.LoadImageWithTurboJPEG(ignore_empty=True)
    assert lenient({'img_path': path}) is None


def test_what_pillow_cannot_parse_goes_to_opencv(turbo_calls, tmp_path):
    path = save(tmp_path / 'a.jpg', orientation=6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image.Image, 'getexif', fail)
        fast = module.LoadImageWithTurboJPEG()({'img_path': str(path)})
    plain = LoadImageFromFile()({'img_path': str(path)})
    np.testing.assert_array_equal(fast['img'], plain['img'])
    assert not turbo_calls


def fail(self):
    raise SyntaxError('not a TIFF file')


def test_it_reaches_workers(turbo_calls):
    pickle.loads(pickle.dumps(module.LoadImageWithTurboJPEG()))


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, 'turbojpeg', None)
    module._turbojpeg.cache_clear()
    with pytest.raises(ImportError, match='PyTurboJPEG.*LoadImageFromFile'):
        module.LoadImageWithTurboJPEG()
    module._turbojpeg.cache_clear()
