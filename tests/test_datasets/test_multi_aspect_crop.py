from collections import Counter

import mmcv
import numpy as np
import pytest
from mmpretrain.registry import TRANSFORMS

from mmsrdl.datasets import MultiAspectCrop


def crop(img, shape, place, **kwargs):
    """The result of a crop that is not drawn."""
    transform = MultiAspectCrop(**{'size': 28, **kwargs})
    transform.rand_crop_params = lambda: (shape, place)
    return transform({'img': img, 'ori_shape': img.shape[:2]})


@pytest.mark.parametrize(
    ('place', 'top', 'left'),
    [((0, 0), 0, 0), ((4, 4), 20, 68), ((2, 2), 10, 34), ((1, 3), 5, 51)],
)
def test_a_crop_by_hand(place, top, left):
    """Half of the short side, 40, high and 0.8 of it wide, of 40 x 100."""
    img = np.random.default_rng(0).integers(0, 256, (40, 100, 3), np.uint8)
    part = img[top : top + 20, left : left + 32]
    results = crop(img, (0.5, 0.8), place)
    expected = mmcv.imresize(part, (28, 28), interpolation='bilinear')
    np.testing.assert_array_equal(results['img'], expected)
    assert results['img_shape'] == (28, 28)
    assert results['ori_shape'] == (40, 100)
    assert results['img'].transpose(2, 0, 1).flags.c_contiguous


def test_every_shape_and_place_is_drawn_equally_often():
    np.random.seed(0)
    transform = MultiAspectCrop()
    draws = [transform.rand_crop_params() for _ in range(13000)]
    scales = transform.scales
    shapes = Counter(shape for shape, _ in draws)
    near = {
        (scales[i], scales[j])
        for i in range(5)
        for j in range(5)
        if i - j in (-2, -1, 0, 1, 2)
    }
    assert len(near) == 19
    assert set(shapes) == near
    places = Counter(place for _, place in draws)
    assert set(places) == {
        (0, 0), (0, 4), (4, 0), (4, 4), (2, 2), (0, 2), (2, 0), (2, 4),
        (4, 2), (1, 1), (1, 3), (3, 1), (3, 3),
    }  # fmt: skip
    for counts in (shapes, places):
        expected = 13000 / len(counts)
        spread = [count - expected for count in counts.values()]
        assert np.abs(spread).max() < 5 * expected**0.5


@pytest.mark.parametrize('backend', ['cv2', 'pillow'])
@pytest.mark.parametrize(
    'shape', [(40, 60, 3), (1, 1, 3), (3, 99, 3), (40, 60, 1), (40, 60)]
)
def test_any_image(shape, backend):
    img = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    before = img.copy()
    for seed in range(8):
        np.random.seed(seed)
        transform = MultiAspectCrop(size=28, backend=backend)
        first = transform({'img': img})['img']
        assert first.shape == (28, 28, *shape[2:])
        np.random.seed(seed)
        np.testing.assert_array_equal(transform({'img': img})['img'], first)
    np.testing.assert_array_equal(img, before)


@pytest.mark.parametrize(
    ('shape', 'place'),
    [((1, 0.75), (2, 2)), ((0.75, 1), (0, 2)), ((0.5, 0.5), (1, 1))],
)
def test_boxes_move_with_the_image(shape, place):
    """To the pixels of what was drawn there; empty if cut off."""
    img = np.zeros((80, 120), np.uint8)
    img[30:60, 40:80] = 255
    boxes = np.array([[40, 30, 80, 60], [0, 0, 5, 5]], np.float32)
    transform = MultiAspectCrop(size=64)
    transform.rand_crop_params = lambda: (shape, place)
    results = transform({'img': img, 'gt_bboxes': boxes})
    moved = results['gt_bboxes']
    assert moved.dtype == np.float32
    rows, columns = np.nonzero(results['img'] > 127)
    corners = [columns.min(), rows.min()]
    corners += [columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(moved[0], corners, atol=2)
    assert (moved[1, 2:] <= moved[1, :2]).any()
    np.testing.assert_array_equal(boxes[0], [40, 30, 80, 60])


def test_the_publication_is_the_default():
    assert repr(TRANSFORMS.build({'type': 'MultiAspectCrop'})) == (
        'MultiAspectCrop(size=448, scales=(1.0, 0.875, 0.75, 0.66, 0.5), '
        "max_gap=2, interpolation='bilinear', backend='cv2')"
    )


@pytest.mark.parametrize(
    ('kwargs', 'match'),
    [
        ({'size': 0}, 'size of .* from 1 on, got 0'),
        ({'size': -448}, 'size of .* got -448'),
        ({'size': 448.0}, 'size of .* integer .* got 448.0'),
        ({'size': (448, 448)}, r'size of .* got \(448, 448\)'),
        ({'size': None}, 'size of .* got None'),
        ({'max_gap': -1}, 'max_gap of .* from 0 on, got -1'),
        ({'max_gap': 0.5}, 'max_gap of .* integer .* got 0.5'),
        ({'scales': ()}, r'list of numbers in \(0, 1\], got \(\)'),
        ({'scales': (1.0, 1.5)}, r'in \(0, 1\], got .*1.5'),
        ({'scales': (1.0, 0)}, r'in \(0, 1\], got .* 0'),
        ({'scales': (1.0, -0.5)}, r'in \(0, 1\], got .*-0.5'),
        ({'scales': (1.0, float('nan'))}, r'in \(0, 1\], got .*nan'),
        ({'scales': 0.5}, 'list of numbers .* got 0.5'),
        ({'scales': None}, 'list of numbers .* got None'),
        ({'scales': '0.5'}, "list of numbers .* got '0.5'"),
        ({'scales': (1.0, (0.5, 0.5))}, 'list of numbers'),
        ({'interpolation': 'cubic'}, "bicubic.*got 'cubic'"),
        ({'backend': 'turbojpeg'}, "got 'turbojpeg'"),
    ],
)
def test_bad_arguments(kwargs, match):
    with pytest.raises(ValueError, match=match):
        MultiAspectCrop(**kwargs)
