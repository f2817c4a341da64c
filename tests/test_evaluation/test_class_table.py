from mmsrdl.evaluation.class_table import class_table


def test_layout():
    name = 'a rather [bold]long[/] :dog: name ' * 5
    text = class_table(
        ['cat', name], {'AP': [99.999, None], 'support': [12345, 0]}
    )
    heading, rule, cat, long = text.splitlines()
    assert [cell.strip() for cell in heading.split('|')[1:-1]] == [
        'class',
        'AP',
        'support',
    ]
    assert set(rule) == {'|', '-'}
    assert cat.split('|')[2].strip() == '100.00'
    assert cat.split('|')[3].strip() == '12345'
    assert name.strip() in long
    assert long.split('|')[2].strip() == '-'
    assert len({len(line) for line in text.splitlines()}) == 1
