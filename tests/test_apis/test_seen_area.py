import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from mmpretrain.registry import TRANSFORMS

from mmsrdl import register_all_modules
from mmsrdl.apis.seen_area import SeenArea, find_seen_area

SQUARE = dict(type='Resize', scale=(32, 32))
FLIP = dict(type='RandomFlip', prob=1.0)
WHOLE = (0, 0, 1, 1)


def pipeline(*steps):
    register_all_modules()
    steps = (*steps, dict(type='PackInputs'))
    return Compose([TRANSFORMS.build(step) for step in steps])


@pytest.mark.parametrize(
    ('steps', 'flipped'),
    [
        ([], (False, False)),
        ([SQUARE], (False, False)),
        (
            [dict(SQUARE, backend='pillow', interpolation='bicubic')],
            (False, False),
        ),
        ([dict(SQUARE, interpolation='nearest')], (False, False)),
        ([dict(SQUARE, keep_ratio=True)], (False, False)),
        ([FLIP], (True, False)),
        ([SQUARE, dict(FLIP, direction='vertical')], (False, True)),
        ([SQUARE, dict(FLIP, direction='diagonal')], (True, True)),
    ],
)
@pytest.mark.parametrize('shape', [(40, 60), (90, 33), (7, 5), (10, 300)])
def test_whole_image(steps, flipped, shape):
    assert find_seen_area(pipeline(*steps), shape) == (WHOLE, flipped)


def test_centre_crop():
    steps = (
        dict(type='ResizeEdge', scale=64, edge='short'),
        dict(type='CenterCrop', crop_size=48),
        FLIP,
    )
    area = find_seen_area(pipeline(*steps), (100, 200))
    x, y = 24 / 128, 8 / 64
    expected = [0.5 - x, y, 0.5 + x, 1 - y]
    assert np.abs(np.subtract(area.box, expected)).max() < 0.005
    assert area.flipped == (True, False)


def test_small_crop():
    steps = [dict(type='CenterCrop', crop_size=28)]
    area = find_seen_area(pipeline(*steps), (32, 32))
    expected = [2 / 32, 2 / 32, 30 / 32, 30 / 32]
    assert np.abs(np.subtract(area.box, expected)).max() < 0.005


@pytest.mark.parametrize(
    ('steps', 'message'),
    [
        ([dict(SQUARE, keep_ratio=True), dict(type='Pad', size=(32, 32))], ''),
        (
            [
                dict(
                    type='Rotate',
                    angle=90.0,
                    prob=1.0,
                    random_negative_prob=0.0,
                )
            ],
            '',
        ),
        ([dict(type='Rotate', angle=9.0)], 'something else each'),
        ([dict(type='RandomFlip', prob=0.5)], 'something else each time'),
        ([dict(type='RandomResizedCrop', scale=32)], 'something else each'),
        ([dict(type='Normalize', mean=[0], std=[1])], 'uint8'),
    ],
)
def test_what_cannot_be_told(steps, message):
    np.random.seed(0)
    with pytest.raises(ValueError, match=message or 'a rectangle'):
        find_seen_area(pipeline(*steps), (40, 60))


def test_maps_and_pictures_agree():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (40, 60, 3), dtype=np.uint8)
    area = find_seen_area(pipeline(FLIP), (40, 60))
    seen = pipeline(FLIP)(
        dict(img=image.copy(), img_shape=(40, 60), ori_shape=(40, 60))
    )['inputs']
    assert not np.array_equal(seen.permute(1, 2, 0), image)
    upright = area.upright(seen)
    assert np.array_equal(upright.permute(1, 2, 0), area.crop(image))


def test_crops_and_boxes_agree():
    area = SeenArea((0.25, 0.5, 0.75, 1.0), (False, False))
    image = np.zeros((40, 40))
    image[30:40, 10:20] = 1
    boxes = torch.tensor(
        [
            [0.25, 0.75, 0.5, 1],  # the ones
            [0, 0, 1, 1],
            [0, 0.6, 0.2, 0.8],  # outside
        ]
    )
    crop = area.crop(image)
    assert crop.shape == (20, 20)
    assert crop[10:, :10].all() and crop.sum() == 100
    expected = torch.tensor([[0, 0.5, 0.5, 1], [0, 0, 1, 1]])
    torch.testing.assert_close(area.clip(boxes), expected)
    assert SeenArea((0.3, 0.4, 0.6, 0.6), (False, False)).crop(
        np.ones((2, 2))
    ).shape == (1, 1)
