import numpy as np
import pytest
from programs import ROOT, run_program

from mmsrdl.structures import LabelEmbedding

GLOVE_TOOL = ROOT / 'tools/dataset_converters/glove_to_label_embedding.py'


def run(*args):
    return run_program(GLOVE_TOOL, *args)


@pytest.fixture
def glove(tmp_path):
    path = tmp_path / 'glove.2d.txt'
    path.write_text('cat 1 2\nfire 3 4\ntruck 5 6\n')
    return path


@pytest.fixture
def classes(tmp_path):
    path = tmp_path / 'classes.txt'
    path.write_text('fire truck\n\ncat')
    return path


def test_glove_to_label_embedding(glove, classes, tmp_path):
    out = tmp_path / 'made' / 'labels.npz'
    done = run(glove, classes, out, '--multi-word', 'sum')
    assert done.returncode == 0, done.stderr
    assert f'2 labels with 2 dimensions to {out}' in done.stdout
    embedding = LabelEmbedding.load(out)
    assert embedding.names == ('fire truck', 'cat')
    np.testing.assert_array_equal(embedding.vectors, [[8, 10], [1, 2]])
    assert 'glove.2d.txt' in embedding.source


def test_glove_to_label_embedding_lists_what_is_unknown(glove, tmp_path):
    out = tmp_path / 'labels.npz'
    done = run(glove, 'voc', out)
    assert done.returncode == 1
    assert done.stderr.rstrip().splitlines()[-1].startswith('error: ')
    assert 'Traceback' not in done.stderr
    assert '19 of 20 classes' in done.stderr
    assert "'aeroplane'" in done.stderr
    assert not out.exists()


def test_glove_to_label_embedding_names_wrong_classes(glove, tmp_path):
    done = run(glove, 'imagenet', tmp_path / 'labels.npz')
    assert done.returncode == 1
    assert "error: There is no label set 'imagenet'" in done.stderr
    assert 'Traceback' not in done.stderr
