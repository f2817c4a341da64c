import numpy as np
import pytest

from mmsrdl.structures import LabelCooccurrence
from mmsrdl.visualization import plot_cooccurrence


def make(count, seed=0):
    """Labels of two kinds; those of different kinds never meet."""
    rng = np.random.default_rng(seed)
    labels = [
        2 * rng.integers(0, count // 2, 3) + rng.integers(2)
        for _ in range(40 * count)
    ]
    names = [f'{"odd" if i % 2 else "even"} {i}' for i in range(count)]
    return LabelCooccurrence.count(labels, names, 'two kinds')


def names_of(figure):
    return [text.get_text() for text in figure.axes[0].get_yticklabels()]


@pytest.mark.parametrize('count', [2, 20, 100])
def test_every_name_is_readable(count):
    figure = plot_cooccurrence(make(count))
    figure.draw_without_rendering()
    boxes = [
        label.get_window_extent() for label in figure.axes[0].get_yticklabels()
    ]
    assert len(boxes) == count
    heights = [box.height for box in boxes]
    # In pixels of the file: high enough to read, and clear of each other.
    assert min(heights) > 7
    gaps = [a.y0 - b.y1 for a, b in zip(boxes, boxes[1:], strict=False)]
    assert min(gaps) > -0.3 * max(heights)
    drawn, paper = figure.get_tightbbox(), figure.bbox_inches
    assert drawn.x0 >= 0 and drawn.y0 >= 0
    assert drawn.x1 <= paper.x1 and drawn.y1 <= paper.y1


def test_map_shows_the_probabilities():
    statistics = make(6)
    figure = plot_cooccurrence(statistics, order='given')
    assert names_of(figure) == [*statistics.names]
    drawn = figure.axes[0].images[0].get_array()
    expected = statistics.conditional()
    off = ~np.eye(6, dtype=bool)
    np.testing.assert_array_equal(drawn[off], expected[off])
    assert drawn.mask.diagonal().all()
    percents = {text.get_text() for text in figure.axes[0].texts}
    assert percents == {f'{100 * p:.0f}' for p in expected[off] if p > 0.005}
    lengths = [bar.get_width() for bar in figure.axes[1].patches]
    assert lengths == [*statistics.counts.diagonal()]


def test_labels_that_occur_together_stand_side_by_side():
    kinds = [name.split()[0] for name in names_of(plot_cooccurrence(make(40)))]
    assert sum(a != b for a, b in zip(kinds, kinds[1:], strict=False)) == 1


def test_order_by_frequency():
    statistics = LabelCooccurrence.count([[1], [1, 2], [2], [1]], [*'abc'])
    figure = plot_cooccurrence(statistics, 'frequency')
    assert names_of(figure) == ['b', 'c', 'a']
    with pytest.raises(ValueError, match='similarity'):
        plot_cooccurrence(statistics, 'size')
