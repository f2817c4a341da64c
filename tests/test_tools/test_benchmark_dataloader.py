import json

import pytest

pytestmark = pytest.mark.slow

TOOL = 'benchmarks/benchmark_dataloader.py'


def test_speed_beside_the_plain_pipeline(run_tool, tiny, tmp_path):
    result, plot = tmp_path / 'new/speed.json', tmp_path / 'new/speed.png'
    done = run_tool(
        TOOL,
        tiny.config,
        *('--workers', 0, 2, '--batch-size', 3, '--max-images', 7),
        *('--repeat', 2, '--json', result, '--plot', plot),
    )
    assert done.returncode == 0, done.stderr
    assert plot.stat().st_size > 0
    content = json.loads(result.read_text())
    assert content['images'] == 7
    assert content['machine']['cores'] >= 1
    assert content['machine']['cpu'] in done.stdout
    assert 'torch' in content['machine']['versions']
    rows = content['speed']
    found = [(row['workers'], row['pipeline']) for row in rows]
    assert found == [
        (workers, name) for workers in (0, 2) for name in ('plain', 'config')
    ]
    for row in rows:
        assert 0 < row['slowest'] <= row['images/s'] <= row['fastest']
        assert row['of plain'] == 1 or row['pipeline'] == 'config'
    steps = [(row['pipeline'], row['step']) for row in content['steps']]
    assert steps == [
        ('plain', 'LoadImageFromFile'),
        ('plain', 'Resize'),
        ('plain', 'PackInputs'),
        ('config', 'LoadImageFromFile'),
        ('config', 'RandomResizedCrop'),
        ('config', 'RandomFlip'),
        ('config', 'PackInputs'),
    ]


@pytest.mark.parametrize(
    ('args', 'expected'),
    [
        (['no.py'], 'there is no config no.py'),
        (['{config}', '--repeat', '0'], 'start from 1'),
        (['{config}', '--workers', '1', '-1'], '--workers start from 0'),
    ],
)
def test_wrong_arguments(call_tool, capsys, tiny, args, expected):
    tool = call_tool(TOOL, *(arg.format(config=tiny.config) for arg in args))
    with pytest.raises(SystemExit):
        tool.main()
    assert expected in capsys.readouterr().err
