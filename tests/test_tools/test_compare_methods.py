"""The comparison of methods at tiny sizes."""

import json

import pytest
from mmengine.config import Config

from mmsrdl.datasets.synthetic_voc import write_synthetic_voc

TOOL = 'benchmarks/compare_methods.py'
PAGE = """before

<!-- begin of compare_methods -->
old
<!-- end of compare_methods -->

after
"""


@pytest.fixture
def tool(call_tool):
    return call_tool(TOOL)


@pytest.fixture
def page(tmp_path):
    path = tmp_path / 'page.md'
    path.write_text(PAGE)
    return path


def test_finds_the_methods(tool):
    methods = tool.find_methods()
    assert list(methods)[:3] == ['gmp', 'gap', 'srdl']
    assert {'example_project', 'mcar'} < set(methods)
    for method in methods.values():
        assert method.quickstart.is_file() and method.common.is_file()


@pytest.mark.parametrize(('epochs', 'erasing'), [(2, 1), (5, 3), (7, 4)])
def test_schedule_is_shortened_in_proportion(tool, epochs, erasing):
    cfg = Config.fromfile(tool.find_methods()['srdl'].quickstart)
    tool.shorten(cfg, epochs)
    assert cfg.train_cfg.max_epochs == cfg.train_cfg.val_interval == epochs
    warm_up, cosine = cfg.param_scheduler
    assert warm_up.end == cosine.begin == 1
    assert cosine.end == epochs and cosine.T_max == epochs - 1
    assert cfg.custom_hooks[0].begin == erasing


def test_milestones_are_shortened_in_proportion(tool):
    cfg = Config.fromfile(tool.find_methods()['gmp'].common)
    assert tool.shorten(cfg, 4).param_scheduler.milestones == [2]


def test_trains_on_voc_as_told(tool, tmp_path, monkeypatch):
    """Both methods the same way, but for themselves."""
    runs = {}

    def train(cfg, work_dir):
        runs[work_dir.name] = cfg
        return {'mAP': 50.0 + len(runs), 'CF1': 1.0}

    monkeypatch.setattr(tool, 'train_and_test', train)
    found = tool.find_methods()
    methods = {name: found[name] for name in ('gmp', 'mcar')}
    options = {'model.backbone.depth': 18}
    rows = tool.measure_voc(methods, 10, 3, options, tmp_path)
    assert rows == {
        'gmp': {'VOC 2007 mAP': 51.0},
        'mcar': {'VOC 2007 mAP': 52.0},
    }
    first, second = runs['gmp_voc07'], runs['mcar_voc07']
    assert first.model.backbone == second.model.backbone
    assert first.model.backbone.depth == 18
    assert first.param_scheduler.milestones == [5]
    assert first.randomness.seed == 3
    for key in ('train_dataloader', 'optim_wrapper', 'param_scheduler'):
        assert first[key] == second[key]


def test_page_is_of_the_default_setting_alone(call_tool):
    """A shortened run must not replace the table that takes hours."""
    assert call_tool(TOOL).parse_args().page.name == 'README.md'
    for changed in (
        ['--methods', 'mcar'],
        ['--epochs', 0],
        ['--repeat', 1],
        ['--resolution', 64],
        ['--seed', 1],
    ):
        assert call_tool(TOOL, *changed).parse_args().page is None


@pytest.mark.slow
def test_compares(run_tool, page, tmp_path, monkeypatch):
    data, out = tmp_path / 'data', tmp_path / 'result.json'
    write_synthetic_voc(data, 16, 2, 8, 64, num_workers=1)
    monkeypatch.setenv('QUICKSTART_ROOT', str(data))
    args = (
        '--methods', 'mcar', '--epochs', 2, '--resolution', 32,
        '--repeat', 1, '--page', page, '--work-dir', tmp_path / 'work',
        '--json', out,
    )  # fmt: skip
    done = run_tool(TOOL, *args)
    rows = json.loads(out.read_text())['methods']
    behind = [r['method'] for r in rows if r['mAP'] <= r['linear mAP']]
    if behind:
        assert done.returncode == 1
        assert done.stderr.endswith(f'classifier: {", ".join(behind)}\n')
    else:
        assert done.returncode == 0, done.stderr
    assert [row['method'] for row in rows] == ['gmp', 'mcar']
    baseline, mcar = rows
    assert baseline['times gmp'] == 1
    # The linear layer is all that either has beside the backbone.
    assert baseline['M parameters'] == mcar['M parameters'] > 40
    for row in rows:
        assert 0 < row['mAP'] <= 100 and 0 < row['linear mAP'] <= 100
        assert row['ms'] > 0 and row['G multiply-adds'] > 0
        assert row['MiB, training'] > row['MiB'] > 0
    # Of an image and four regions of the same size.
    ratio = mcar['G multiply-adds'] / baseline['G multiply-adds']
    assert ratio == pytest.approx(5, rel=0.02)

    text = page.read_text()
    assert text.startswith('before\n\n<!--') and text.endswith(
        '-->\n\nafter\n'
    )
    assert 'old' not in text and '| mcar |' in text
    assert '(comparison.png)' in text
    plot = page.with_name('comparison.png').read_bytes()
    assert plot.startswith(b'\x89PNG')

    again = run_tool(TOOL, *args)
    assert again.stdout.count('as trained earlier') == 2


@pytest.mark.parametrize(
    ('args', 'expected'),
    [
        (['--epochs', '1'], '--epochs is 0 or starts from 2'),
        (['--repeat', '0'], '--repeat starts from 1'),
        (['--page', 'no.md'], 'there is no line'),
        (['--methods', 'no'], 'invalid choice'),
    ],
)
def test_wrong_arguments(call_tool, capsys, args, expected):
    with pytest.raises(SystemExit):
        call_tool(TOOL, *args).main()
    assert expected in capsys.readouterr().err
