import pytest

from mmsrdl.visualization.text_width import shorten, text_columns


@pytest.mark.parametrize(
    ('text', 'columns', 'expected'),
    [
        ('dog', 3, 'dog'),
        ('hot dog', 5, 'hot…'),
        ('猫猫猫', 6, '猫猫猫'),
        ('猫猫猫', 5, '猫猫…'),
        ('dog', 0, '…'),
    ],
)
def test_shorten(text, columns, expected):
    assert shorten(text, columns) == expected
    assert text_columns(expected) <= max(columns, 1)
