import io

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from mmsrdl.visualization import draw_attention

IMAGE = np.full((60, 90, 3), 128, np.uint8)


def rendered(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer)
    return np.asarray(Image.open(buffer).convert('RGB'))


def shown(axes):
    return np.asarray(axes.images[0].get_array())


def titles(figure):
    return [axes.get_title() for axes in figure.axes]


def test_panels():
    labels = ['cat 0.98', 'hot dog 0.71']
    figure = draw_attention(IMAGE, torch.rand(2, 7, 7), labels)
    assert isinstance(figure, Figure)
    assert titles(figure) == ['image', *labels]
    assert (shown(figure.axes[0]) == IMAGE).all()
    assert all(shown(axes).shape == IMAGE.shape for axes in figure.axes)
    assert rendered(figure).std() > 0


@pytest.mark.parametrize(('row', 'column'), [(0, 0), (0, 4), (3, 0), (2, 3)])
def test_brightest_where_the_attention_is_highest(row, column):
    spatial = torch.zeros(1, 4, 5)
    spatial[0, row, column] = 0.01  # stretched to the full range of colours
    figure = draw_attention(IMAGE, spatial, ['cat 0.9'])
    heat = shown(figure.axes[1]).sum(-1).astype(float)
    y, x = np.unravel_index(heat.argmax(), heat.shape)
    assert (y // 15, x // 18) == (row, column)
    # Smooth: a tenth of the picture apart, colours differ little.
    assert np.abs(np.diff(heat, axis=0)).max() < 0.25 * np.ptp(heat)


def test_boxes_are_in_pixels_of_the_image():
    boxes = torch.tensor([[1, 2, 4, 4], [0, 0, 0, 0], [0, 0, 5, 4]])
    labels = ['a 0.9', 'b 0.8', 'c 0.7']
    figure = draw_attention(IMAGE, torch.rand(3, 4, 5), labels, boxes)
    outlines = [
        [tuple(patch.get_bbox().extents) for patch in axes.patches]
        for axes in figure.axes
    ]
    expected = (17.5, 29.5, 71.5, 59.5)
    everything = (-0.5, -0.5, 89.5, 59.5)
    assert outlines == [[], [expected], [], [everything]]


def test_panels_have_one_size_and_do_not_overlap():
    labels = [f'class{"name" * i} 0.{i}' for i in range(8)]
    figure = draw_attention(IMAGE, torch.rand(8, 3, 3), labels)
    areas = [axes.get_position() for axes in figure.axes]
    assert np.ptp([a.width for a in areas]) < 1e-9
    assert np.ptp([a.height for a in areas]) < 1e-9
    width, height = figure.get_size_inches()
    aspect = areas[0].width * width / (areas[0].height * height)
    assert aspect == pytest.approx(90 / 60)
    for i, a in enumerate(areas):
        assert 0 <= a.x0 < a.x1 <= 1
        assert 0 <= a.y0 < a.y1 <= 1
        assert not any(a.overlaps(b) for b in areas[:i])


@pytest.mark.parametrize('shape', [(60, 90, 3), (300, 40, 3), (40, 300, 3)])
def test_titles_stay_inside_the_figure_and_apart(shape):
    labels = [
        'a class name of very many words, more than fit 0.93',
        'averylongclassnamewithoutanyspaceinsidethatfitsnowhere 0.52',
        'cost $5$ and [b]brackets[/b] 0.51',
        'Bücher',
    ] * 2
    image = np.zeros(shape, np.uint8)
    figure = draw_attention(image, torch.rand(8, 3, 3), labels)
    rendered(figure)
    extents = [axes.title.get_window_extent() for axes in figure.axes]
    for i, extent in enumerate(extents):
        assert extent.x0 >= 0
        assert extent.x1 <= figure.bbox.x1
        assert extent.y1 <= figure.bbox.y1
        assert not any(extent.overlaps(other) for other in extents[:i])
        others = figure.axes[:i] + figure.axes[i + 1 :]
        assert not any(extent.overlaps(axes.bbox) for axes in others)
    for title, label in zip(titles(figure)[1:], labels, strict=True):
        assert title.split()[-1] == label.split()[-1]
        assert title.startswith(label[:8])
    assert 'Bücher' in titles(figure)


def test_awkward_input():
    assert len(draw_attention(IMAGE, torch.zeros(0, 7, 7), []).axes) == 1
    rendered(draw_attention(IMAGE, torch.ones(1, 1, 1), ['flat 0.9']))
    rendered(
        draw_attention(
            np.zeros((1, 1, 3), np.uint8),
            torch.rand(1, 7, 7, requires_grad=True).bfloat16(),
            ['tiny 0.9'],
            np.array([[0, 0, 7, 7]]),
        )
    )


def test_leaves_its_arguments_alone():
    image, spatial = IMAGE.copy(), np.random.default_rng(0).random((1, 3, 3))
    before = spatial.copy()
    draw_attention(image, spatial, ['cat 0.9'])
    assert (image == IMAGE).all()
    assert (spatial == before).all()


@pytest.mark.parametrize(
    ('image', 'spatial', 'labels', 'boxes', 'message'),
    [
        (IMAGE / 255, torch.ones(1, 2, 2), ['a'], None, 'uint8'),
        (IMAGE[..., 0], torch.ones(1, 2, 2), ['a'], None, r'\(H, W, 3\)'),
        (IMAGE, torch.ones(2, 2), ['a'], None, r'\(K, h, w\)'),
        (IMAGE, torch.ones(2, 2, 2), ['a'], None, 'with 1'),
        (IMAGE, torch.ones(1, 2, 2), ['a'], torch.ones(2, 4), r'\(1, 4\)'),
    ],
)
def test_bad_shapes(image, spatial, labels, boxes, message):
    with pytest.raises(ValueError, match=message):
        draw_attention(image, spatial, labels, boxes)
