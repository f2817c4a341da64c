"""Word vectors of class names."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .class_names import check_class_names
from .label_file import LabelFile


@dataclass(frozen=True, eq=False)
class LabelEmbedding(LabelFile):
    """Word vectors that carry the names of the classes they belong to.

    On disk it is an ``.npz`` file with the arrays ``names``, ``vectors``
    and ``source``, free of pickled objects. A user takes the rows with
    :meth:`align`.

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

    kind = 'label-embedding'
    holds = '`vectors` (C, E)'
    recipe = (
        'Make one from GloVe vectors with '
        'tools/dataset_converters/glove_to_label_embedding.py, or from other '
        'sources with make_label_embedding.py beside it.'
    )

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
    def from_npy(
        cls, path: str | os.PathLike, classes: Sequence[str]
    ) -> 'LabelEmbedding':
        """Name the rows of an ``.npy`` file of vectors.

        Args:
            path (str | os.PathLike): File of a float array (C, E).
            classes (Sequence[str]): Class names in the order of its rows,
                which the file cannot tell.

        Returns:
            LabelEmbedding: The vectors.

        Raises:
            FileNotFoundError: If there is no such file.
            TypeError: If it does not hold floats.
            ValueError: If it is not such a file, or does not fit the names.
        """
        path = Path(path).expanduser()
        if not path.is_file():
            raise FileNotFoundError(f'There is no file {str(path)!r}.')
        try:
            with path.open('rb') as file:
                vectors = np.lib.format.read_array(file, allow_pickle=False)
        except (EOFError, ValueError) as error:
            raise ValueError(
                f'{str(path)!r} is not an .npy file of numbers: {error}'
            ) from error
        return cls(classes, vectors, path.name)

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
        return self.vectors[self.rows_of(classes)]

    def rescale(self, std: float) -> 'LabelEmbedding':
        """Multiply all vectors by one factor.

        The scale decides how strongly labels modulate the attention before
        training: sentence encoders give vectors of length 1, while the
        entries of GloVe 6B vectors have a standard deviation of 0.4.

        Args:
            std (float): Root mean square of the entries of the result.

        Returns:
            LabelEmbedding: The rescaled vectors.

        Raises:
            ValueError: If all vectors are zero or ``std`` is not positive.
        """
        rms = float(np.sqrt(np.mean(np.square(self.vectors, dtype=float))))
        if not rms or not 0 < std < np.inf:
            raise ValueError(
                f'Vectors of scale {rms:g} cannot be brought to {std:g}.'
            )
        source = f'{self.source}; rescaled to {std:g}'
        return LabelEmbedding(self.names, self.vectors * (std / rms), source)

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
