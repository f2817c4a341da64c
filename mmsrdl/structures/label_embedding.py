"""Word vectors of class names."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from .class_names import check_class_names, describe_unknown


@dataclass(frozen=True, eq=False)
class LabelEmbedding:
    """Word vectors that carry the names of the classes they belong to.

    The rows of a bare array of vectors belong to classes only by their
    order, and a wrong order goes unnoticed: the model trains, just worse.
    Here every row has its name, and a user takes the rows with
    :meth:`align`.

    On disk it is an ``.npz`` file with the arrays ``names``, ``vectors``
    and ``source``, free of pickled objects.

    Args:
        names (Sequence[str]): C unique class names.
        vectors (np.ndarray): Their vectors, (C, E), any float type; kept in
            float32.
        source (str): Where the vectors come from, in words.

    Raises:
        TypeError: If the names are not strings or the vectors not floats.
        ValueError: If the names are not unique, the shapes do not agree or
            a vector holds NaN or infinity.
    """

    names: tuple[str, ...]
    vectors: np.ndarray
    source: str = ''

    def __post_init__(self) -> None:
        """Check and normalise the fields."""
        names = check_class_names(self.names, 'label embedding')
        vectors = np.asarray(self.vectors)
        if not np.issubdtype(vectors.dtype, np.floating):
            raise TypeError(
                f'Label vectors must be floats, got {vectors.dtype}.'
            )
        if vectors.ndim != 2 or not vectors.shape[1]:
            raise ValueError(
                'Label vectors must be an array of shape (number of classes, '
                f'dimensions), got {vectors.shape}.'
            )
        if len(vectors) != len(names):
            raise ValueError(
                f'There are {len(names)} class names but {len(vectors)} '
                'label vectors.'
            )
        with np.errstate(over='ignore'):
            vectors = vectors.astype(np.float32)
        bad = [
            names[row] for row in np.flatnonzero(~np.isfinite(vectors).all(1))
        ]
        if bad:
            raise ValueError(f'NaN or infinity in the vectors of {bad}.')
        object.__setattr__(self, 'names', names)
        object.__setattr__(self, 'vectors', vectors)

    @classmethod
    def load(cls, path: str | os.PathLike) -> 'LabelEmbedding':
        """Read an ``.npz`` file.

        Args:
            path (str | os.PathLike): The file.

        Returns:
            LabelEmbedding: What it holds.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is not a label-embedding file.
        """
        path = Path(path).expanduser()
        if not path.is_file():
            raise FileNotFoundError(
                f'There is no label-embedding file {str(path)!r}. Make one '
                'from GloVe vectors with '
                'tools/dataset_converters/glove_to_label_embedding.py.'
            )
        try:
            with np.load(path, allow_pickle=False) as arrays:
                names = arrays['names']
                vectors = arrays['vectors']
                source = arrays['source']
            if names.dtype.kind != 'U' or names.ndim != 1:
                raise TypeError(
                    'names must be a one-dimensional array of strings, got '
                    f'{names.dtype} of shape {names.shape}'
                )
            return cls(names.tolist(), vectors, str(source))
        except (
            BadZipFile, EOFError, KeyError, IndexError, OSError, TypeError,
            ValueError,
        ) as error:  # fmt: skip
            raise ValueError(
                f'{str(path)!r} is not a label-embedding file, an .npz with '
                '`names` (C), `vectors` (C, E) and `source`, all without '
                f'pickled objects: {error}'
            ) from error

    def save(self, path: str | os.PathLike) -> None:
        """Write the ``.npz`` file that :meth:`load` reads.

        Args:
            path (str | os.PathLike): The file; missing folders are made.
        """
        path = Path(path).expanduser()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open('wb') as file:
            np.savez(
                file,
                names=np.array(self.names),
                vectors=self.vectors,
                source=np.array(self.source),
            )

    def align(self, classes: Sequence[str]) -> np.ndarray:
        """Take the vectors of the given classes, in their order.

        Names that are not asked for are left out.

        Args:
            classes (Sequence[str]): Class names of a data set.

        Returns:
            np.ndarray: Vectors, (len(classes), E), float32.

        Raises:
            ValueError: If a class has no vector, or is given twice.
        """
        classes = check_class_names(classes, 'classes')
        rows = {name: row for row, name in enumerate(self.names)}
        missing = [name for name in classes if name not in rows]
        if missing:
            raise ValueError(
                f'The label embedding ({self.source or "unnamed"}, '
                f'{len(self.names)} names) has no vector for '
                f'{len(missing)} of {len(classes)} classes: '
                f'{describe_unknown(missing, self.names)}. Names must agree '
                'letter by letter.'
            )
        return self.vectors[[rows[name] for name in classes]]

    @classmethod
    def random(
        cls, classes: Sequence[str], dims: int = 300, seed: int = 0
    ) -> 'LabelEmbedding':
        """Draw vectors that depend on nothing but the name and the seed.

        The vector of a class is the same in any list of classes. Entries
        are normal with standard deviation 0.4, that of GloVe 6B vectors.

        Args:
            classes (Sequence[str]): Class names.
            dims (int): Length E of a vector. Defaults to 300.
            seed (int): Non-negative seed. Defaults to 0.

        Returns:
            LabelEmbedding: Random vectors.
        """
        vectors = [
            np.random.default_rng([seed, *name.encode()]).normal(0, 0.4, dims)
            for name in check_class_names(classes, 'classes')
        ]
        return cls(classes, np.stack(vectors), f'random, seed {seed}')
