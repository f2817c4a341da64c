"""The pictures of a report, with names that are hard to place."""

import warnings

import numpy as np
import pytest
from matplotlib.colors import Normalize
from matplotlib.text import Text

from mmsrdl.visualization.contact_sheet import SheetImage, plot_contact_sheet
from mmsrdl.visualization.label_graph_plot import plot_label_graph
from mmsrdl.visualization.label_matrix import plot_label_matrix
from mmsrdl.visualization.localisation_bars import plot_localisation
from mmsrdl.visualization.precision_recall_plot import plot_precision_recall
from mmsrdl.visualization.reliability_diagram import plot_reliability
from mmsrdl.visualization.threshold_plot import plot_thresholds

AWKWARD = ['$a$ $', 'x' * 99, '猫' * 40, '<b>bold</b>']


def draw_matrix(names):
    count = len(names)
    return plot_label_matrix(
        np.full((count, count), 0.5),
        names,
        'title',
        'legend',
        Normalize(0, 1),
        [0, 0.05, 1],
        np.arange(count),
    )


def draw_graph(names):
    weights = np.random.default_rng(0).random((len(names),) * 2)
    return plot_label_graph(names, weights, 2 * len(names))


def draw_bars(names):
    half = [50.0] * len(names)
    columns = dict(
        labels=[1] * len(names), pointing=half, energy=half, area=half
    )
    return plot_localisation(names, {'ours': columns, 'baseline': columns})


def draw_curves(names):
    curves = np.full((len(names), 10), 0.5)
    curves[0] = np.nan
    ap = [None, *[50.0] * (len(names) - 1)]
    points = [(0.5, 0.5)] * len(names)
    return plot_precision_recall(
        names, curves, ap, curves[-1], points, (0.5, 0.5), 0.5
    )


def draw_reliability(names):
    curve = (np.array([0.2, np.nan]), np.array([0.1, np.nan]))
    curve = (*curve, np.array([7, 0]))
    before = np.arange(len(names)) + 1.0
    return plot_reliability(
        names,
        {'as they are': curve, 'temperature per class': curve},
        before,
        before / 2,
    )


def draw_thresholds(names):
    grid = np.linspace(0, 1, 5)
    f1 = np.full(len(names), 40.0)
    return plot_thresholds(
        names, grid, {'OF1': grid, 'CF1': grid}, 0.5, f1 / 100, f1, 2 * f1
    )


FIGURES = (
    draw_matrix,
    draw_graph,
    draw_bars,
    draw_curves,
    draw_reliability,
    draw_thresholds,
)


def texts_of(figure):
    figure.draw_without_rendering()
    return [t for t in figure.findobj(Text) if t.get_text().strip()]


@pytest.mark.parametrize('count', [4, 80])
@pytest.mark.parametrize('draw', FIGURES)
def test_all_is_on_the_paper(draw, count):
    names = AWKWARD + [f'class {i}' for i in range(count - len(AWKWARD))]
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        figure = draw(names)
        texts = texts_of(figure)
    drawn, paper = figure.get_tightbbox(), figure.bbox_inches
    assert min(drawn.x0, drawn.y0) > -1e-6
    assert max(drawn.x1 - paper.x1, drawn.y1 - paper.y1) < 1e-6
    # Neither taken for mathematics nor for tags.
    written = ' '.join(text.get_text() for text in texts)
    assert '$a$ $' in written and '<b>bold</b>' in written
    assert not any(
        text.get_parse_math()
        for text in texts
        if '$a$' in text.get_text() and text.get_visible()
    )


@pytest.mark.parametrize('count', [4, 80])
def test_legend_of_calibration_is_clear_of_its_title(count):
    figure = draw_reliability(AWKWARD * (count // 4))
    texts = {text.get_text(): text for text in texts_of(figure)}
    title = texts['Calibration error (%)'].get_window_extent()
    (legend,) = figure.legends
    assert legend.get_window_extent().x0 > title.x1


def test_titles_of_localisation_are_clear_of_each_other():
    figure = draw_bars(AWKWARD)
    boxes = [
        text.get_window_extent()
        for text in texts_of(figure)
        if text.get_text().startswith(('pointing', 'energy'))
    ]
    assert boxes[0].x1 < boxes[1].x0


def test_percents_are_plain_numbers():
    figure = draw_matrix(AWKWARD)
    ticks = [text.get_text() for text in texts_of(figure)]
    assert {'0 %', '5 %', '100 %'} <= set(ticks)


def test_edges_lead_to_who_takes():
    weights = np.diag([9.0, 9, 9])
    weights[0, 2] = -0.5  # the first takes from the last
    (panel, _) = plot_label_graph(['a', 'b', 'c'], weights, 4).axes
    (arrow,) = panel.patches
    places = {t.get_text(): np.array(t.get_position()) for t in panel.texts}
    start, end = arrow._posA_posB
    for point, name in ((start, 'c'), (end, 'a')):
        gaps = {k: np.linalg.norm(point - v) for k, v in places.items()}
        assert min(gaps, key=gaps.get) == name


def test_contact_sheet():
    image = np.zeros((9, 16, 3), np.uint8)
    figure = plot_contact_sheet(
        [
            SheetImage(
                'x' * 99 + '.jpg', image, ['猫' * 60 + ' 0.51'], [], []
            ),
            SheetImage('gone.jpg', None, [], ['y' * 99 + ' 0.92'], ['$a$ 1']),
        ]
    )
    texts = texts_of(figure)
    written = [text.get_text() for text in texts]
    assert any(t.startswith('xxx') and t.endswith('…') for t in written)
    assert any(t.endswith('猫… 0.51') for t in written)
    assert any(t.endswith('y… 0.92') for t in written)
    assert 'the image is not here' in written and '$a$ 1' in written
    for text in texts:
        assert text.get_window_extent().x1 <= figure.bbox.x1, text
