import numpy as np
import pytest

from mmsrdl.structures.glove import embed_with_glove

VECTORS = {
    'the': [0, 0],
    'table': [1, 2],
    'dining': [3, -2],
    'hotdog': [5, 5],
    'hot': [7, 7],
    'dog': [9, 8],
    'cell': [2, 4],
    'phone': [4, 0],
    't-shirt': [0.5, 0.25],
}


def write(tmp_path, vectors=None, header='', footer='', end='\n'):
    path = tmp_path / 'glove.txt'
    lines = [
        f'{word} {" ".join(map(str, values))}'
        for word, values in (vectors or VECTORS).items()
    ]
    path.write_bytes((header + end.join(lines) + end + footer).encode())
    return path


@pytest.mark.parametrize(
    ('name', 'mean', 'total'),
    [
        ('dog', [9, 8], [9, 8]),
        ('Dog', [9, 8], [9, 8]),
        ('dining table', [2, 0], [4, 0]),
        ('dining_table', [2, 0], [4, 0]),
        ('t-shirt', [0.5, 0.25], [0.5, 0.25]),
        ('dog-table', [5, 5], [10, 10]),
        # One token, as in the published vectors, where the file has it.
        ('hot dog', [5, 5], [5, 5]),
        ('cell phone', [3, 2], [6, 4]),
        ('diningtable', [1, 2], [1, 2]),
    ],
)
def test_composition(tmp_path, name, mean, total):
    path = write(tmp_path)
    embedding = embed_with_glove(path, [name])
    assert embedding.names == (name,)
    np.testing.assert_array_equal(embedding.vectors, [mean])
    assert embedding.source == (
        'glove.txt; multi-word labels are the mean of their words'
    )
    embedding = embed_with_glove(str(path), [name], multi_word='sum')
    np.testing.assert_array_equal(embedding.vectors, [total])
    assert 'the sum of' in embedding.source


def test_rows_follow_the_classes_not_the_file(tmp_path):
    vectors = embed_with_glove(write(tmp_path), ['phone', 'dog']).vectors
    np.testing.assert_array_equal(vectors, [[4, 0], [9, 8]])
    assert vectors.dtype == np.float32


@pytest.mark.parametrize(
    'changes',
    [
        {'header': '9 2\n'},
        {'end': '\r\n'},
        {'footer': 'dog 0 0\n'},
        {'footer': 'dog house 0 0\n'},
        {'footer': 'caf\xe9 1 1\n'},
        {'footer': 'cat'},
    ],
    ids=[
        'word2vec header',
        'CRLF',
        'the first of equal words',
        'token with a blank',
        'non-ASCII token',
        'a broken line of another word',
    ],
)
def test_forms_of_the_file(tmp_path, changes):
    path = write(tmp_path, **changes)
    vectors = embed_with_glove(path, ['dog', 'hotdog']).vectors
    np.testing.assert_array_equal(vectors, [[9, 8], [5, 5]])


def test_all_unknown_words_are_listed(tmp_path):
    names = ['pink unicorn', 'dog', 'Wyvern', 'hot wyvern', '-']
    with pytest.raises(ValueError, match='4 of 5 classes') as error:
        embed_with_glove(write(tmp_path), names)
    assert "'pink unicorn' (pink, unicorn), " in str(error.value)
    assert "'Wyvern' (wyvern), 'hot wyvern' (wyvern)" in str(error.value)


@pytest.mark.parametrize(
    ('text', 'match'),
    [
        ('the dog is a word\n', 'line 1'),
        ('the\n', 'line 1'),
        ('{"the": [1, 2]}\n', 'line 1'),
        ('the 0 0\ndog 1\n', 'line 2: expected a word and 2 numbers'),
        ('the 0 0\ndog 1 x\n', 'line 2'),
        ('the 0 0\ndog 1 nan\n', "NaN .*'dog'"),
        ('', '1 of 1 classes'),
    ],
)
def test_other_files(tmp_path, text, match):
    path = tmp_path / 'glove.txt'
    path.write_text(text)
    with pytest.raises(ValueError, match=match):
        embed_with_glove(path, ['dog'])


def test_bad_arguments(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.txt'):
        embed_with_glove(tmp_path / 'none.txt', ['dog'])
    with pytest.raises(ValueError, match='multi_word'):
        embed_with_glove(write(tmp_path), ['dog'], multi_word='max')
    with pytest.raises(ValueError, match="duplicate.*'dog'"):
        embed_with_glove(write(tmp_path), ['dog', 'dog'])
