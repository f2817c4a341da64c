import io

import pytest

from mmsrdl.visualization import plot_localisation


def columns(*pointing, labels=None):
    return dict(
        labels=labels or [0 if value is None else 5 for value in pointing],
        pointing=list(pointing),
        energy=[value and value / 2 for value in pointing],
        area=[value and 10.0 for value in pointing],
    )


def test_bars_are_in_the_order_of_the_first_model():
    classes = ['never', 'cat', '$5 and $6', 'once']
    models = {
        'SRDL': columns(None, 40.0, 80.0, None),
        'GMP': columns(None, 50.0, 30.0, 20.0),
    }
    figure = plot_localisation(classes, models)
    figure.savefig(io.BytesIO())
    pointing, energy = figure.axes
    names = [tick.get_text() for tick in pointing.get_yticklabels()]
    assert names == ['$5 and $6', 'cat', 'once']
    for axes, scale in ((pointing, 1), (energy, 0.5)):
        first, second = (
            [bar.get_width() / scale for bar in group]
            for group in axes.containers
        )
        assert first[:2] == [80, 40] and first[2] != first[2]
        assert second == [30, 50, 20]
        chance = [
            segment[0][0]
            for lines in axes.collections
            for segment in lines.get_segments()
            if len(segment)  # none for a class without labels
        ]
        assert chance == [10] * 5
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ['SRDL', 'GMP', 'by chance']


@pytest.mark.parametrize(
    ('models', 'message'),
    [
        ({'a': columns(None)}, 'No class has a label'),
        ({}, 'One to 4 models'),
        ({str(i): columns(1.0) for i in range(5)}, 'not 5'),
    ],
)
def test_nothing_to_draw(models, message):
    with pytest.raises(ValueError, match=message):
        plot_localisation(['cat'], models)
