import pytest

from mmsrdl.visualization import plot_spread


def test_points_and_means():
    figure = plot_spread(['a', '$b$'], [[50.0, 54.0], [60.0]], 'mAP (%)')
    (panel,) = figure.axes
    points = [line.get_xdata() for line in panel.lines]
    assert [list(of_row) for of_row in points] == [[50, 54], [60]]
    means = [stroke.get_segments()[0][0][0] for stroke in panel.collections]
    assert means == [52, 60]
    assert [text.get_text() for text in panel.texts] == ['52.0', '60.0']
    names = [text.get_text() for text in panel.get_yticklabels()]
    assert names == ['a', '$b$']


@pytest.mark.parametrize(('names', 'values'), [([], []), (['a'], [[]])])
def test_nothing_to_draw(names, values):
    with pytest.raises(ValueError, match='no name'):
        plot_spread(names, values, 'mAP')
