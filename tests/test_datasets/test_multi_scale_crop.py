import mmcv
import numpy as np
import pytest
from mmpretrain.registry import TRANSFORMS

from mmsrdl.datasets import MultiScaleCrop

ARGS = {'resize': 32, 'crop_sizes': (32, 24, 16), 'size': 28}


def picture(height, width, *channels, seed=0):
    """Smooth noise, so that interpolation matters but a shift shows."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 6, 3))
    img = mmcv.imresize(coarse.astype(np.uint8), (width, height))
    return img[..., : channels[0]] if channels else img[..., 0]


def crop(img, seed=0, **kwargs):
    np.random.seed(seed)
    results = {'img': img, 'ori_shape': img.shape[:2], 'img_shape': (0, 0)}
    return MultiScaleCrop(**{**ARGS, **kwargs})(results)


@pytest.mark.parametrize('single_resize', [False, True])
@pytest.mark.parametrize('backend', ['cv2', 'pillow'])
@pytest.mark.parametrize(
    'shape',
    [(40, 60, 3), (60, 40, 3), (1, 1, 3), (3, 99, 3), (40, 60, 1), (40, 60)],
)
def test_shapes(shape, backend, single_resize):
    for seed in range(8):  # of all sizes and places
        results = crop(
            picture(*shape), seed, backend=backend, single_resize=single_resize
        )
        assert results['img'].shape == (28, 28, *shape[2:])
        assert results['img'].dtype == np.uint8
        assert results['img_shape'] == (28, 28)
        assert results['ori_shape'] == shape[:2]


@pytest.mark.parametrize('size', [(40, 60), (90, 128), (28, 31), (7, 64)])
@pytest.mark.parametrize(
    ('backend', 'interpolation'),
    [
        ('cv2', 'nearest'),
        ('cv2', 'bicubic'),
        ('cv2', 'area'),
        ('cv2', 'lanczos'),
        ('pillow', 'bicubic'),
        ('pillow', 'lanczos'),
    ],
)
def test_it_is_resize_then_crop_then_resize(backend, interpolation, size):
    img = picture(*size, 3)
    options = {'interpolation': interpolation, 'backend': backend}
    transform = MultiScaleCrop(**ARGS, **options)
    seen = set()
    for seed in range(30):
        np.random.seed(seed)
        side, top, left = transform.rand_crop_params()
        seen.add(side)
        whole = mmcv.imresize(img, (32, 32), **options)
        part = whole[top : top + side, left : left + side]
        assert part.shape == (side, side, 3)
        expected = mmcv.imresize(part, (28, 28), **options)
        result = crop(img, seed, **options)['img']
        np.testing.assert_array_equal(result, expected)
    assert seen == {32, 24, 16}


def test_only_what_is_needed_is_resized(monkeypatch):
    """And the layout is the one that PackInputs need not copy."""
    img, sizes = picture(128, 192, 3), []
    resize = mmcv.imresize

    def spy(img, size, **kwargs):
        sizes.append(size)
        return resize(img, size, **kwargs)

    monkeypatch.setattr(mmcv, 'imresize', spy)
    transform = MultiScaleCrop(resize=256, crop_sizes=(32,), size=32)
    monkeypatch.setattr(transform, 'rand_crop_params', lambda: (32, 96, 160))
    img = transform({'img': img})['img']
    assert len(sizes) == 1
    assert max(sizes[0]) < 80
    assert img.transpose(2, 0, 1).flags.c_contiguous


@pytest.mark.parametrize('size', [(64, 96), (16, 48), (40, 60)])
def test_a_single_resize_moves_edges_by_half_a_pixel(size):
    """Of a ramp, whose values tell the place."""
    height, width = size
    img = np.arange(width, dtype=np.float32) * 4
    img = np.repeat(np.tile(img, (height, 1))[..., None], 3, 2)
    args = dict(resize=32, crop_sizes=(24, 16), size=64)
    for seed in range(20):
        literal, single = (
            crop(img, seed, interpolation='bilinear', single_resize=s, **args)
            for s in (False, True)
        )
        inside = np.s_[4:-4, 4:-4]  # at borders a resize repeats pixels
        moved = (single['img'] - literal['img'])[inside] / 4
        assert np.abs(moved).max() <= 0.5 + 1e-3
        if width % 32 == 0:  # all edges lie between pixels
            np.testing.assert_allclose(moved, 0, atol=1e-3)


def test_colour_and_single_channel_agree():
    img = picture(40, 60, 3)
    colour = crop(img)['img']
    np.testing.assert_array_equal(crop(img[..., :1])['img'], colour[..., :1])
    np.testing.assert_array_equal(crop(img[..., 0])['img'], colour[..., 0])


def test_every_size_and_place_is_drawn_equally_often():
    np.random.seed(0)
    transform = MultiScaleCrop(resize=4, crop_sizes=(4, 3, 2), size=4)
    draws = [transform.rand_crop_params() for _ in range(9000)]
    counts = {draw: draws.count(draw) for draw in draws}
    places = {4: 1, 3: 4, 2: 9}
    assert set(counts) == {
        (side, top, left)
        for side in places
        for top in range(5 - side)
        for left in range(5 - side)
    }
    for (side, _, _), count in counts.items():
        expected = 3000 / places[side]
        assert abs(count - expected) < 5 * expected**0.5


def test_the_seed_decides():
    img = picture(40, 60, 3)
    first = crop(img, seed=3)['img']
    np.testing.assert_array_equal(crop(img, seed=3)['img'], first)
    others = [crop(img, seed=seed)['img'] for seed in range(4, 9)]
    assert any((other != first).any() for other in others)


@pytest.mark.parametrize('single_resize', [False, True])
def test_boxes_move_with_the_image(single_resize):
    """To the pixels of what was drawn there; empty if cut off."""
    boxes = np.array(
        [[30, 20, 80, 60], [0, 0, 8, 8], [110, 70, 120, 80]], np.float32
    )
    seen = 0
    for seed in range(8):
        np.random.seed(seed)
        transform = MultiScaleCrop(
            **{**ARGS, 'size': 64}, single_resize=single_resize
        )
        params = transform.rand_crop_params()
        transform.rand_crop_params = lambda params=params: params
        moved = transform({'img': np.zeros((80, 120)), 'gt_bboxes': boxes})
        moved = moved['gt_bboxes']
        assert moved.dtype == np.float32
        assert moved.shape == (3, 4)
        assert ((moved >= 0) & (moved <= 64)).all()
        for (x1, y1, x2, y2), box in zip(boxes.astype(int), moved):
            img = np.zeros((80, 120), np.uint8)
            img[y1:y2, x1:x2] = 255
            rows, columns = np.nonzero(transform({'img': img})['img'] > 127)
            if rows.size:
                corners = [columns.min(), rows.min()]
                corners += [columns.max() + 1, rows.max() + 1]
                np.testing.assert_allclose(box, corners, atol=2)
                seen += 1
            else:
                assert (box[2:] - box[:2]).min() < 2
    assert 8 < seen < 24
    np.testing.assert_array_equal(boxes[0], [30, 20, 80, 60])


def test_the_image_given_is_not_changed():
    img = picture(40, 60, 3)
    before = img.copy()
    crop(img)
    np.testing.assert_array_equal(img, before)


def test_the_paper_is_the_default():
    transform = TRANSFORMS.build({'type': 'MultiScaleCrop'})
    assert repr(transform) == (
        'MultiScaleCrop(resize=512, crop_sizes=(512, 448, 384, 320, 256), '
        "size=448, interpolation='bicubic', backend='cv2', "
        'single_resize=False)'
    )


@pytest.mark.parametrize(
    ('kwargs', 'match'),
    [
        ({'crop_sizes': (64,)}, 'at most resize=32'),
        ({'crop_sizes': ()}, 'at most resize=32'),
        ({'crop_sizes': (16, 0)}, 'positive integers'),
        ({'crop_sizes': (16.0,)}, 'positive integers'),
        ({'crop_sizes': 16}, 'a list of sides, got 16'),
        ({'size': -1}, 'positive integers'),
        ({'resize': '32'}, 'positive integers'),
        ({'interpolation': 'cubic'}, "bicubic.*got 'cubic'"),
        ({'interpolation': 'area', 'backend': 'pillow'}, "got 'area'"),
        ({'backend': 'turbojpeg'}, "got 'turbojpeg'"),
    ],
)
def test_bad_arguments(kwargs, match):
    with pytest.raises(ValueError, match=match):
        MultiScaleCrop(**{**ARGS, **kwargs})


def test_the_backends_agree_on_photos(real_voc):
    gaps = []
    for seed, path in enumerate(
        sorted((real_voc / 'JPEGImages').glob('*.jpg'))[:40]
    ):
        img = mmcv.imread(str(path))
        first, second = (
            crop(
                img,
                seed,
                resize=512,
                crop_sizes=(512, 384, 256),
                size=448,
                interpolation='bicubic',
                backend=backend,
            )['img'].astype(int)
            for backend in ('cv2', 'pillow')
        )
        gaps.append(np.abs(first - second).mean())
    assert 0 < np.mean(gaps) < 1
