"""The benchmarks at tiny sizes: what they write, never how fast it was."""

import json
import math

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def run_benchmark(run_tool, tmp_path):
    """Runs a benchmark and returns what it wrote."""

    def run(name, *args):
        path = tmp_path / 'deep/result.json'
        done = run_tool(f'benchmarks/{name}.py', *args, '--json', path)
        assert done.returncode == 0, done.stderr
        return json.loads(path.read_text())

    return run


def are_positive(rows, *keys):
    return all(
        math.isfinite(row[key]) and row[key] > 0
        for row in rows
        for key in keys
    )


def test_attention(run_benchmark):
    result = run_benchmark(
        'benchmark_attention', '--channels', '256', '--num-classes', '40',
        '--resolution', '256', '--batch-size', '1', '2', '--repeat', '1',
    )  # fmt: skip
    assert result['machine']['versions']['torch']
    assert result['sizes']['num_classes'] == 40
    rows = {
        (row['step'], row['implementation']): row for row in result['head']
    }
    assert {key[0]: row['batch'] for key, row in rows.items()} == {
        'inference': 1,
        'training': 2,
    }
    assert are_positive(rows.values(), 'ms', 'ms, least', 'times faster')
    for (step, name), row in rows.items():
        assert row['ms, least'] <= row['ms']
        # Logits round in float32; gradients are compared in float64.
        tolerance = 1e-5 if step == 'inference' else 1e-12
        assert row['difference'] <= tolerance
        if name == 'reference':
            assert row['difference'] == 0
            assert row['times faster'] == 1
    assert rows['inference', 'per_category']['difference'] > 0

    reference = rows['training', 'reference']['MiB']
    if reference is not None:  # it is read on Linux alone
        # A B x C x P x D tensor takes 5 MiB; the equations keep several.
        assert reference > 10
        for step in ('inference', 'training'):
            lean = rows[step, 'per_category']
            assert 0 < lean['MiB'] < rows[step, 'reference']['MiB']
            assert 0 < lean['share of memory'] < 1

    assert are_positive(result['kernels'], 'ms', 'GB/s')
    for row in result['kernels']:
        elements = row['batch'] * 40 * 64 * 256
        speed = row['G elements/s'] * 1e9
        assert speed * row['ms'] / 1e3 == pytest.approx(elements)


def test_attention_under_autocast(run_benchmark):
    result = run_benchmark(
        'benchmark_attention', '--channels', '32', '--num-classes', '2',
        '--resolution', '64', '--batch-size', '1', '--repeat', '1',
        '--impl', 'per_category', '--dtype', 'bfloat16',
    )  # fmt: skip
    row = result['head'][1]
    assert row['implementation'] == 'per_category'
    assert 1e-7 < row['difference'] <= 2e-2


def test_scaling(run_benchmark, tmp_path):
    plot = tmp_path / 'plots/scaling.png'
    result = run_benchmark(
        'benchmark_attention_scaling', '--num-classes', '1000', '2',
        '--resolution', '256', '--batch', '2', '--at', '2', '256', '1',
        '--channels', '512', '--repeat', '1', '--memory-limit', '0.1',
        '--plot', plot,
    )  # fmt: skip
    rows = result['scaling']
    # points x steps x implementations
    assert len(rows) == (2 + 1 + 1) * 2 * 2
    assert are_positive([row for row in rows if row['ms'] is not None], 'ms')
    labels = [r['labels'] for r in rows if r['against'] == 'num_classes']
    assert labels == [2] * 4 + [1000] * 4
    # A B x C x P x D tensor takes 125 MiB.
    for row in rows:
        fits = row['implementation'] == 'auto' or row['labels'] == 2
        assert (row['ms'] is not None) == fits, row
    assert plot.read_bytes().startswith(b'\x89PNG')


def test_model(run_benchmark):
    result = run_benchmark(
        'benchmark_model', '--depth', '18', '--resolution', '64',
        '--batch-size', '2', '--repeat', '1',
        '--models', 'srdl', 'csra', 'decoder',
    )  # fmt: skip
    names = ['gmp', 'srdl', 'csra', 'decoder']
    rows = result['models']
    assert [(r['step'], r['batch'], r['model']) for r in rows] == [
        (step, batch, name)
        for step, batch in [
            ('inference', 1),
            ('inference', 2),
            ('training', 2),
        ]
        for name in names
    ]
    assert are_positive(rows, 'ms', 'times gmp')
    assert all(row['times gmp'] == 1 for row in rows if row['model'] == 'gmp')
    counts = {row['model']: row for row in result['parameters']}
    # The linear layer of D 512 and C 80, and what SRDL adds to it.
    gmp, srdl = counts['gmp'], counts['srdl']
    head = 3 * (512 * 512 + 512) + 513 + (300 * 512 + 512)
    graph = 80 * 80 + 2 * 300 * 300
    added = srdl['M parameters'] - gmp['M parameters']
    assert added == pytest.approx((head + graph) / 1e6)
    assert added == pytest.approx(srdl['M trained'] - gmp['M trained'])
    assert gmp['M trained'] < gmp['M parameters']


def test_deploy(run_benchmark):
    pytest.importorskip('onnxruntime')
    runtimes = ['eager', 'onnxruntime', 'onnxruntime-int8']
    result = run_benchmark(
        'benchmark_deploy', '--depth', '18', '--resolution', '64',
        '--batch-size', '2', '1', '--repeat', '1', '--runtimes', *runtimes,
    )  # fmt: skip
    rows = result['runtimes']
    assert [(r['batch'], r['model'], r['runtime']) for r in rows] == [
        (batch, model, runtime)
        for batch in (1, 2)
        for model in ('gmp', 'srdl')
        for runtime in runtimes
    ]
    assert are_positive(rows, 'ms', 'times eager', 'times gmp')
    for row in rows:
        if row['runtime'] == 'onnxruntime':
            assert 0 < row['difference'] < 1e-5
    (full, small) = (row['file, MB'] for row in result['files'][2:])
    assert small < full / 2


@pytest.mark.parametrize(
    ('name', 'args', 'expected'),
    [
        ('deploy', ['--batch-size', '0'], 'start from 1'),
        ('deploy', ['--config', 'a.py'], 'belong together'),
        (
            'deploy',
            ['--config', 'a.py', '--checkpoint', 'a.pth'],
            'there is no file a.py',
        ),
        ('attention', ['--impl', 'magic'], 'magic: not on cpu, which runs'),
        ('attention', ['--resolution', '31'], '--resolution from 32'),
        ('attention', ['--batch-size', '0'], 'start from 1'),
        ('attention', ['--batch-size', '1', '2', '3'], 'one or two numbers'),
        ('attention', ['--device', 'abacus'], '--device abacus: '),
        ('attention_scaling', ['--batch', '0'], 'start from 1'),
        ('attention_scaling', ['--impl', 'magic'], 'choose from auto'),
        ('attention_scaling', ['--at', '1', '8', '1'], 'start from 32'),
        ('model', ['--batch-size', '0'], 'start from 1'),
        ('model', ['--device', 'abacus'], '--device abacus: '),
        ('model', ['--mode', 'cudagraph'], 'needs --device cuda'),
    ],
)
def test_wrong_arguments(call_tool, capsys, name, args, expected):
    tool = call_tool(f'benchmarks/benchmark_{name}.py', *args)
    with pytest.raises(SystemExit):
        tool.main()
    assert expected in capsys.readouterr().err
