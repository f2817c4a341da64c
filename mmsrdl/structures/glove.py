"""Vectors of class names from a file of GloVe word vectors."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rich.progress

from .class_names import check_class_names
from .label_embedding import LabelEmbedding

# What the label vectors of ML-GCN, which later methods share, use in place of
# the words of the name.
PUBLISHED_TOKENS = {
    'cell phone': 'cellphone',
    'hot dog': 'hotdog',
    'diningtable': 'table',
    'pottedplant': 'plant',
    'tvmonitor': 'tv',
}


def embed_with_glove(
    path: str | os.PathLike, classes: Sequence[str], multi_word: str = 'mean'
) -> LabelEmbedding:
    """Compose the vectors of class names from those of their words.

    A name is looked up in lower case: as the token in
    :data:`PUBLISHED_TOKENS`, as it is, or word by word, where blanks,
    underscores, hyphens and slashes part words; the first that the file has
    all tokens for is taken.

    Args:
        path (str | os.PathLike): Text file with a word and its numbers,
            parted by blanks, in each line, as GloVe's. It is read once and
            never held in memory.
        classes (Sequence[str]): Class names.
        multi_word (str): ``'mean'`` of the words, as ML-GCN, or ``'sum'``,
            as SALGL. Defaults to ``'mean'``.

    Returns:
        LabelEmbedding: The vectors.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not such a file, or lacks words; all are listed.
    """
    if multi_word not in ('mean', 'sum'):
        raise ValueError(
            f"multi_word must be 'mean' or 'sum', got {multi_word!r}."
        )
    classes = check_class_names(classes, 'classes')
    spellings = {name: _spellings(name) for name in classes}
    wanted = {
        word
        for options in spellings.values()
        for words in options
        for word in words
    }
    vectors = _read_vectors(Path(path).expanduser(), wanted)
    chosen, unknown = {}, []
    for name, options in spellings.items():
        for words in options:
            if words and all(word in vectors for word in words):
                chosen[name] = words
                break
        else:
            missing = [word for word in options[-1] if word not in vectors]
            unknown.append(f'{name!r} ({", ".join(missing)})')
    if unknown:
        raise ValueError(
            f'{str(path)!r} lacks words of {len(unknown)} of {len(classes)} '
            f'classes: {", ".join(unknown)}. Take a larger vocabulary, or '
            'save vectors of your own with mmsrdl.structures.LabelEmbedding.'
        )
    compose = {'mean': np.mean, 'sum': np.sum}[multi_word]
    rows = [
        compose([vectors[word] for word in chosen[name]], axis=0)
        for name in classes
    ]
    return LabelEmbedding(
        classes,
        np.stack(rows),
        f'{Path(path).name}; multi-word labels are the {multi_word} of their '
        'words',
    )


def _spellings(name: str) -> list[list[str]]:
    """List the ways to compose a name, the preferred one first."""
    name = name.lower()
    options = [[name], [word for word in re.split(r'[\s_/-]+', name) if word]]
    if name in PUBLISHED_TOKENS:
        options.insert(0, [PUBLISHED_TOKENS[name]])
    return options


def _read_vectors(path: Path, wanted: set[str]) -> dict[str, np.ndarray]:
    """Read the wanted words in float64; the first of equal words counts."""
    if not path.is_file():
        raise FileNotFoundError(
            f'There is no file {str(path)!r} with word vectors. GloVe 6B, '
            'unpacked, has glove.6B.300d.txt.'
        )
    vectors, dims = {}, None
    with rich.progress.open(path, 'rb', description=path.name) as file:
        for number, line in enumerate(file, 1):
            word = line.partition(b' ')[0].decode(errors='replace')
            if dims is not None and (word not in wanted or word in vectors):
                continue
            fields = line.split()[1:]
            if number == 1 and len(fields) == 1:
                continue  # word2vec's header: number of words, dimensions
            if dims is not None and len(fields) > dims:
                continue  # a token with blanks in it, of which 840B has some
            try:
                vector = np.array([float(field) for field in fields])
            except ValueError:
                vector = np.empty(0)
            dims = dims or len(vector)
            if not dims or len(vector) != dims:
                raise ValueError(
                    f'{str(path)!r}, line {number}: expected a word and '
                    f'{dims or "its"} numbers, parted by blanks, as in '
                    f"GloVe's text files; got {line[:60]!r}."
                )
            vectors[word] = vector
    return vectors
