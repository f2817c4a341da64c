"""From tools/test.py to tables, pictures, thresholds and a page."""

import csv
import json
import re

import mmengine
import pytest
from test_engine.tiny import CLASSES


@pytest.fixture(scope='module')
def dump(run_tool, tiny, tmp_path_factory):
    path = tmp_path_factory.mktemp('dump') / 'val.pkl'
    done = run_tool(
        *('test.py', tiny.config, tiny.checkpoint, '--out', path),
        *('--work-dir', path.parent / 'work'),
    )
    assert done.returncode == 0, done.stderr
    return path


def run(run_tool, name, *args, cwd):
    done = run_tool(f'analysis_tools/{name}.py', *args, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_record(dump, tiny):
    """What is in the file beside MMEngine's list."""
    assert len(mmengine.load(dump)) == 12
    record = json.loads(dump.read_bytes().rsplit(b'\n', 2)[-2])
    assert record['classes'] == list(CLASSES)
    assert record['config'] == str(tiny.config)
    assert record['checkpoint'] == str(tiny.checkpoint)
    assert record['dataset']['ann_file'] == 'labels.json'
    assert record['metric'] == dict(
        thr=0.5, ap='area', absent='skip', difficult=dict.fromkeys(
            ('ap', 'f1'), 'ignore'
        )
    )  # fmt: skip
    assert set(record['versions']) > {'mmsrdl', 'torch'}


def test_report(run_tool, tiny, dump, tmp_path):
    said = run(
        *(run_tool, 'report', dump, '--checkpoint', tiny.checkpoint),
        cwd=tmp_path,
    )
    assert 'Wrote report.html' in said
    page = (tmp_path / 'report.html').read_text('utf-8')
    for text in ('Label graph', *CLASSES, 'tiny.py', 'epoch_2.pth'):
        assert text in page


def test_tables_and_pictures(run_tool, dump, tmp_path):
    run(
        *(run_tool, 'analyze_predictions', dump, '--out-dir', 'deep/out'),
        cwd=tmp_path,
    )
    names = {path.name for path in (tmp_path / 'deep/out').iterdir()}
    assert {
        'classes.csv',
        'precision_recall.png',
        'thresholds.csv',
        'confusion.png',
        'cooccurrence_difference.png',
        'reliability.png',
        'hardest_images.png',
    } < names
    with open(tmp_path / 'deep/out/classes.csv', encoding='utf-8-sig') as file:
        rows = list(csv.DictReader(file))
    assert [row['class'] for row in rows] == list(CLASSES)


def test_thresholds_reach_the_inferencer(run_tool, tiny, dump, tmp_path):
    said = run(
        *(run_tool, 'choose_thresholds', dump, 'out/thr.json'),
        *('--by', 'precision', '--target', '0.6'),
        cwd=tmp_path,
    )
    assert 'too good to be true' in said
    assert {path.name for path in (tmp_path / 'out').iterdir()} == {
        *('thr.json', 'thr.csv', 'thr.png', 'thr_effect.csv')
    }
    thresholds = json.loads((tmp_path / 'out/thr.json').read_text())
    done = run_tool(
        *('predict.py', tiny.config.parent / '0.png', '--config', tiny.config),
        *('--checkpoint', tiny.checkpoint, '--thr', 'out/thr.json'),
        *('--out', 'labels.json'),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    (result,) = json.loads((tmp_path / 'labels.json').read_text())
    expected = {
        name
        for name, score in zip(CLASSES, result['scores'])
        if score >= thresholds['thresholds'][name]
    }
    assert set(result['pred_classes']) == expected


def test_label_graph(run_tool, tiny, tmp_path):
    run(
        *(run_tool, 'plot_label_graph', tiny.checkpoint, 'graph'),
        *('--config', tiny.config, '--edges', 3),
        cwd=tmp_path,
    )
    assert {path.name for path in (tmp_path / 'graph').iterdir()} == {
        *('label_graph.csv', 'label_graph.png', 'label_graph_matrix.png')
    }


@pytest.mark.parametrize(
    ('tool', 'args', 'code', 'message'),
    [
        ('report', ('none.pkl',), 1, 'error: There is no dump none.pkl'),
        ('report', ('DUMP', '--out', 'a.pdf'), 2, '--out must end in .html'),
        ('report', ('DUMP', '--checkpoint', 'no.pth'), 1, 'no.pth'),
        ('report', ('DUMP', '--classes', 'voc'), 1, '3 classes, but there'),
        ('report', ('TEXT',), 1, 'error: Refused to load|is no dump'),
        ('analyze_predictions', ('none.pkl',), 1, 'error: There is no dump'),
        ('choose_thresholds', ('none.pkl', 'a.json'), 1, 'error: There is no'),
        ('choose_thresholds', ('DUMP', 'a.csv'), 2, 'must end in .json'),
        (
            'choose_thresholds',
            ('DUMP', 'a.json', '--by', 'recall'),
            2,
            '--target goes with',
        ),
        ('plot_label_graph', ('none.pth', 'out'), 1, 'error: .*none.pth'),
        ('plot_label_graph', ('DUMP', 'out'), 1, 'error: '),
        ('plot_label_graph', ('a', 'b', '--edges', '0'), 2, 'at least 1'),
    ],
)
def test_errors(call_tool, capsys, dump, tool, args, code, message, tmp_path):
    (tmp_path / 'text.pkl').write_text('a,b\n')
    names = {'DUMP': dump, 'TEXT': 'text.pkl'}
    args = [names.get(arg, arg) for arg in args]
    with pytest.raises(SystemExit) as ended:
        call_tool(f'analysis_tools/{tool}.py', *args).main()
    assert ended.value.code == code
    error = capsys.readouterr().err.strip()
    assert re.search(message, error)
    assert 'Traceback' not in error
    if code == 1:
        assert len(error.splitlines()) == 1
