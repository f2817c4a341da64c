import numpy as np
import pytest

from mmsrdl.datasets.label_sets import LABEL_SETS, get_classes
from mmsrdl.structures import LabelEmbedding

NAMES = ('cat', 'hot dog', 'person')


@pytest.fixture
def embedding():
    vectors = np.arange(12, dtype=np.float64).reshape(3, 4)
    return LabelEmbedding(NAMES, vectors, 'made up')


def write(path, **arrays):
    """Write an .npz in which single arrays differ from a correct file."""
    good = {
        'names': np.array(NAMES),
        'vectors': np.ones((3, 4), np.float32),
        'source': np.array('made up'),
    }
    arrays = {**good, **arrays}
    np.savez(path, **{k: v for k, v in arrays.items() if v is not None})
    return path


def test_a_saved_embedding_reads_back_the_same(embedding, tmp_path):
    path = tmp_path / 'new' / 'vectors.npz'
    embedding.save(path)
    again = LabelEmbedding.load(str(path))
    assert again.names == NAMES
    assert again.source == 'made up'
    assert again.vectors.dtype == np.float32
    np.testing.assert_array_equal(again.vectors, embedding.vectors)


def test_a_file_name_is_kept_as_given(embedding, tmp_path):
    embedding.save(tmp_path / 'vectors.bin')
    assert [p.name for p in tmp_path.iterdir()] == ['vectors.bin']


def test_rows_are_found_by_name_and_the_rest_is_left_out(embedding):
    vectors = embedding.align(['person', 'cat'])
    np.testing.assert_array_equal(vectors, [[8, 9, 10, 11], [0, 1, 2, 3]])
    vectors[:] = -1
    assert (embedding.vectors >= 0).all(), 'align() must hand out a copy'


def test_every_class_without_a_vector_is_named(embedding):
    with pytest.raises(ValueError, match='2 of 3 classes') as error:
        embedding.align(['cat', 'hotdog', 'unicorn'])
    assert "'hotdog' (did you mean 'hot dog'?)" in str(error.value)
    assert "'unicorn'" in str(error.value)


def test_case_is_not_guessed_but_suggested(embedding):
    with pytest.raises(ValueError, match="'Cat' .did you mean 'cat'"):
        embedding.align(['Cat'])


@pytest.mark.parametrize(
    ('classes', 'error', 'match'),
    [
        (['cat', 'person', 'cat'], ValueError, r"duplicate.*\['cat'\]"),
        ([], ValueError, 'no class name'),
        (['cat', ''], ValueError, r'\[1\]'),
        (['cat '], ValueError, r'\[0\]'),
        ('cat', TypeError, 'list of strings'),
        ([0, 1], TypeError, 'list of strings'),
    ],
)
def test_bad_class_lists_are_refused(embedding, classes, error, match):
    with pytest.raises(error, match=match):
        embedding.align(classes)


@pytest.mark.parametrize(
    ('arrays', 'match'),
    [
        ({'names': None}, 'names'),
        ({'vectors': None}, 'vectors'),
        ({'source': None}, 'source'),
        ({'names': np.array(['cat', 'dog', 'cat'])}, r"duplicate.*'cat'"),
        ({'names': np.array(['cat', 'dog'])}, '2 class names but 3'),
        ({'names': np.array('cat')}, 'one-dimensional'),
        ({'names': np.array([1, 2, 3])}, 'strings'),
        ({'names': np.array(['a', 'b', 'c'], object)}, 'allow_pickle'),
        ({'vectors': np.ones(3, np.float32)}, r'shape .*\(3,\)'),
        ({'vectors': np.ones((3, 0), np.float32)}, r'\(3, 0\)'),
        ({'vectors': np.ones((3, 4), int)}, 'floats, got int'),
        ({'vectors': np.diag([1, np.nan, 1])}, r"NaN .*\['hot dog'\]"),
        ({'vectors': np.diag([1e300, 1, 1])}, r"infinity .*\['cat'\]"),
    ],
)
def test_a_bad_file_is_named_with_its_fault(tmp_path, arrays, match):
    path = write(tmp_path / 'bad.npz', **arrays)
    with pytest.raises(ValueError, match=match) as error:
        LabelEmbedding.load(path)
    assert str(path) in str(error.value)
    assert 'not a label-embedding file' in str(error.value)


def test_other_kinds_of_files_are_refused(tmp_path):
    text = tmp_path / 'glove.txt'
    text.write_text('cat 0.1 0.2\n')
    empty = tmp_path / 'empty.npz'
    empty.touch()
    array = tmp_path / 'vectors.npy'
    np.save(array, np.ones((3, 4)))
    broken = write(tmp_path / 'broken.npz')
    broken.write_bytes(broken.read_bytes()[:200])
    for path in (text, empty, array, broken):
        with pytest.raises(ValueError, match='not a label-embedding file'):
            LabelEmbedding.load(path)


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(FileNotFoundError, match='glove_to_label_embedding'):
        LabelEmbedding.load(tmp_path / 'none.npz')
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        LabelEmbedding.load(tmp_path)


def test_rows_of_an_npy_file_are_named(tmp_path):
    path = tmp_path / 'vectors.npy'
    np.save(path, np.arange(6.0).reshape(3, 2))
    embedding = LabelEmbedding.from_npy(path, NAMES)
    assert embedding.align(['person']).tolist() == [[4, 5]]
    assert embedding.source == 'vectors.npy'
    with pytest.raises(ValueError, match='2 class names but 3'):
        LabelEmbedding.from_npy(path, NAMES[:2])


def test_a_bad_npy_file_is_named(tmp_path):
    path = tmp_path / 'vectors.npy'
    with pytest.raises(FileNotFoundError, match=str(path)):
        LabelEmbedding.from_npy(path, NAMES)
    np.save(path, np.array([{}] * 3), allow_pickle=True)
    with pytest.raises(ValueError, match='not an .npy file of numbers'):
        LabelEmbedding.from_npy(path, NAMES)
    for content in (b'', b'cat 0.1 0.2', b'PK\x03\x04'):
        path.write_bytes(content)
        with pytest.raises(ValueError, match='not an .npy file of numbers'):
            LabelEmbedding.from_npy(path, NAMES)


def test_rescaling_keeps_directions(embedding):
    scaled = embedding.rescale(0.4)
    assert np.sqrt((scaled.vectors**2).mean()) == pytest.approx(0.4)
    factor = scaled.vectors[2, 3] / embedding.vectors[2, 3]
    np.testing.assert_allclose(scaled.vectors, factor * embedding.vectors)
    assert scaled.names == NAMES
    assert scaled.source == 'made up; rescaled to 0.4'
    with pytest.raises(ValueError, match='scale 0 cannot'):
        LabelEmbedding(NAMES, np.zeros((3, 2))).rescale(0.4)
    with pytest.raises(ValueError, match='to -1'):
        embedding.rescale(-1)


def test_random_vectors_belong_to_the_name_alone():
    first = LabelEmbedding.random(NAMES, dims=50)
    again = LabelEmbedding.random(['unicorn', *reversed(NAMES)], dims=50)
    np.testing.assert_array_equal(again.align(NAMES), first.vectors)
    assert first.vectors.shape == (3, 50)
    other_seed = LabelEmbedding.random(NAMES, dims=50, seed=1)
    assert not np.isclose(other_seed.vectors, first.vectors).any()
    similarity = np.corrcoef(first.vectors)[np.triu_indices(3, 1)]
    assert np.abs(similarity).max() < 0.5


def test_random_vectors_never_change():
    vectors = LabelEmbedding.random(['cat'], dims=3, seed=0).vectors
    np.testing.assert_allclose(
        vectors, [[0.098876, 0.210455, -0.183208]], atol=1e-6
    )


@pytest.fixture
def published(data_root):
    """Published GloVe vectors of each public label set."""
    folder = data_root / 'label_embeddings'
    return {
        name: LabelEmbedding.load(folder / f'{name}_glove-6b_300d.npz')
        for name in LABEL_SETS
    }


def test_published_vectors_fit_the_label_sets(published):
    for name, embedding in published.items():
        vectors = embedding.align(get_classes(name))
        assert vectors.shape == (len(get_classes(name)), 300)
        assert 'GloVe 6B' in embedding.source


@pytest.mark.parametrize(('other', 'count'), [('voc', 14), ('nuswide', 8)])
def test_published_vectors_have_the_right_names(published, other, count):
    """A name has one vector in all files; a wrong order would show."""
    shared = sorted({*get_classes('coco')} & {*get_classes(other)})
    assert len(shared) == count
    np.testing.assert_array_equal(
        published['coco'].align(shared), published[other].align(shared)
    )
