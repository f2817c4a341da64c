import io

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from mmsrdl.visualization import (
    ModelAttention,
    compare_attention,
    draw_attention,
)

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
@pytest.mark.parametrize('compare', [False, True])
def test_titles_stay_inside_the_figure_and_apart(shape, compare):
    labels = [
        'a class name of very many words, more than fit 0.93',
        'averylongclassnamewithoutanyspaceinsidethatfitsnowhere 0.52',
        'cost $5$ and [b]brackets[/b] 0.51',
        'Bücher 0.50',
    ] * 2
    image = np.zeros(shape, np.uint8)
    maps = torch.rand(8, 3, 3)
    if compare:
        names, scores = zip(*(x.rsplit(' ', 1) for x in labels), strict=True)
        scores = [float(score) for score in scores]
        models = [ModelAttention(n, maps, scores) for n in ('one', 'two')]
        figure = compare_attention(image, models, names)
    else:
        figure = draw_attention(image, maps, labels)
    figure.draw_without_rendering()
    extents = [axes.title.get_window_extent() for axes in figure.axes]
    for i, extent in enumerate(extents):
        assert extent.x0 >= 0
        assert extent.x1 <= figure.bbox.x1
        assert extent.y1 <= figure.bbox.y1
        assert not any(extent.overlaps(other) for other in extents[:i])
        others = figure.axes[:i] + figure.axes[i + 1 :]
        assert not any(extent.overlaps(axes.bbox) for axes in others)
    found = [title for title in titles(figure) if ' ' in title]
    for label in labels:
        assert any(
            title.startswith(label[:8]) and title.endswith(label.split()[-1])
            for title in found
        )


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


def test_large_images_are_reduced():
    figure = draw_attention(
        np.zeros((300, 6000, 3), np.uint8),
        torch.rand(1, 3, 30),
        ['cat 0.9'],
        torch.tensor([[0, 0, 30, 3]]),
    )
    height, width, _ = shown(figure.axes[1]).shape
    assert 1000 < width < 3000 and height == pytest.approx(width / 20, abs=1)
    (box,) = figure.axes[1].patches
    assert tuple(box.get_bbox().extents) == (
        -0.5,
        -0.5,
        width - 0.5,
        height - 0.5,
    )


def test_maps_are_seen_over_images_of_a_few_pixels():
    spatial = torch.arange(9.0).view(1, 3, 3)
    image = np.full((1, 2, 3), 100, np.uint8)
    box = torch.tensor([[0, 0, 3, 3]])
    figure = draw_attention(image, spatial, ['cat 0.9'], box)
    heat = shown(figure.axes[1])
    assert len(np.unique(heat.reshape(-1, 3), axis=0)) > 100
    height, width = heat.shape[:2]
    (outline,) = figure.axes[1].patches
    expected = (-0.5, -0.5, width - 0.5, height - 0.5)
    assert tuple(outline.get_bbox().extents) == expected


def test_legend_tells_of_boxes():
    def legend(boxes):
        figure = draw_attention(IMAGE, torch.rand(1, 3, 3), ['a 0.9'], boxes)
        return [text.get_text() for text in figure.legends[0].get_texts()]

    assert len(legend(None)) == 1
    assert legend(torch.tensor([[0, 0, 1, 1]]))[1] == 'erased in training'


def test_title_of_the_image():
    figure = draw_attention(IMAGE, torch.rand(0, 3, 3), [], title='a.jpg')
    assert titles(figure) == ['a.jpg']


def compared(count, **kwargs):
    models = [
        ModelAttention(
            name,
            torch.rand(count, 5, 5),
            [round(level + 0.05 * i, 2) for i in range(count)],
            **kwargs,
        )
        for name, level in (('without', 0.1), ('with', 0.5))
    ]
    return compare_attention(IMAGE, models, [f'c{i}' for i in range(count)])


def test_rows_of_a_comparison():
    figure = compared(2)
    assert titles(figure) == [
        'image',
        'c0 0.10',
        'c1 0.15',
        'scores',
        'c0 0.50',
        'c1 0.55',
    ]
    bars = figure.axes[3].containers
    widths = [[bar.get_width() for bar in group] for group in bars]
    assert widths == [[1, 1], [0.1, 0.15], [1, 1], [0.5, 0.55]]
    names = {text.get_text(): text for text in figure.texts}
    colors = [group[0].get_facecolor()[:3] for group in bars[1::2]]
    for name, color, axes in zip(
        ('without', 'with'), colors, figure.axes[1::3], strict=True
    ):
        assert names[name].get_color() is not None
        assert to_rgb(names[name].get_color()) == color
        place, y = axes.get_position(), names[name].get_position()[1]
        assert place.y0 < y < place.y1


@pytest.mark.parametrize('count', [1, 3, 8])
def test_a_comparison_shows_each_label_for_each_model(count):
    figure = compared(count, boxes=torch.tensor([[1, 1, 3, 4]] * count))
    found = [title.split()[0] for title in titles(figure)]
    for i in range(count):
        assert found.count(f'c{i}') == 2
    boxes = [axes for axes in figure.axes if axes.images and axes.patches]
    assert len(boxes) == 2 * count
    areas = [axes.get_position() for axes in figure.axes]
    for i, a in enumerate(areas):
        assert not any(a.overlaps(b) for b in areas[:i])


def test_to_compare_takes_two():
    with pytest.raises(ValueError, match='2 to 4 models'):
        compare_attention(IMAGE, [], ['cat'])
    model = ModelAttention('a', torch.rand(2, 3, 3), [0.1, 0.2])
    with pytest.raises(ValueError, match='and 0'):
        compare_attention(IMAGE, [model, model], [])
    with pytest.raises(ValueError, match='with 1'):
        compare_attention(IMAGE, [model, model], ['cat'])
