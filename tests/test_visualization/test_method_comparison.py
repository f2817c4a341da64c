import pytest

from mmsrdl.visualization import plot_methods


def test_bars_and_marks():
    """A bar per known value; a mark is seen even beyond the bars."""
    figure = plot_methods(
        ['gmp', '$a_b$'],
        {'mAP': [50.0, None], 'time': [1.0, 3.0]},
        {'linear': [None, 80.0]},
    )
    first, second = figure.axes
    assert [len(panel.patches) for panel in figure.axes] == [1, 2]
    assert [patch.get_width() for patch in second.patches] == [1, 3]
    assert first.get_xlim()[1] > 80
    names = [text.get_text() for text in first.get_yticklabels()]
    assert names == ['gmp', '$a_b$']
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ['linear']


def test_nothing_to_draw():
    with pytest.raises(ValueError, match='no method'):
        plot_methods([], {}, {})
