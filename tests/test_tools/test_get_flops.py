import re

import pytest
from mmengine.config import Config
from mmpretrain import get_model

TOOL = 'analysis_tools/get_flops.py'


def test_counts(run_tool, tiny):
    done = run_tool(TOOL, tiny.config, '--shape', '64', '32')
    assert done.returncode == 0, done.stderr
    assert re.search(r'Input: +3 x 64 x 32', done.stdout)
    model = get_model(Config.fromfile(tiny.config))
    count = sum(p.numel() for p in model.parameters())
    assert re.search(rf'Parameters: +{count / 1e6:.3g}\d*M', done.stdout)
    # C 3 categories, E 16, H 16, D 64 channels, P 8 x 4 cells.
    graph = 2 * (3 * 3 * 16 + 3 * 16 * 16)
    assert flops(done.stdout, 'neck') == pytest.approx(graph)
    words = 3 * 16 * 16
    channels = 64 * 16 + 3 * 16 * 64
    cells = 8 * 4 * 64 * 16 + 3 * 8 * 4 * 16
    expected = words + channels + cells
    assert flops(done.stdout, 'head') == pytest.approx(expected)


def flops(table, module):
    """What the table says of a module, in numbers."""
    row = re.search(rf'\| +{module} +\|[^|]*\| +([\d.]+)K', table)
    return float(row[1]) * 1e3


@pytest.mark.parametrize(
    ('args', 'expected'),
    [
        (['no.py'], 'there is no config no.py'),
        (['no.py', '--shape', '1', '2', '3'], 'one or two positive numbers'),
        (['no.py', '--shape', '0'], 'one or two positive numbers'),
    ],
)
def test_wrong_arguments(call_tool, capsys, args, expected):
    tool = call_tool(TOOL, *args)
    with pytest.raises(SystemExit):
        tool.main()
    assert expected in capsys.readouterr().err
