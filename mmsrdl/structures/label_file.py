"""Files of arrays that carry the names of the classes they belong to."""

import os
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import ClassVar
from zipfile import BadZipFile

import numpy as np
from typing_extensions import Self

from .class_names import check_class_names, describe_unknown


class LabelFile:
    """Base of dataclasses with ``names`` (C), arrays and a ``source``.

    The rows of a bare array belong to classes only by their order, and a
    wrong order goes unnoticed: the model trains, just worse. Here every row
    has its name, and a user takes the rows by name.

    On disk it is an ``.npz`` file with one array for each field, free of
    pickled objects.
    """

    kind: ClassVar[str]
    """What to call it in messages."""
    holds: ClassVar[str]
    """Its arrays, for the message on a wrong file."""
    recipe: ClassVar[str]
    """How to make one, for the message on a missing file."""

    names: tuple[str, ...]
    source: str

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Read an ``.npz`` file.

        Args:
            path (str | os.PathLike): The file.

        Returns:
            LabelFile: What it holds.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is not a file of this kind.
        """
        path = Path(path).expanduser()
        if not path.is_file():
            raise FileNotFoundError(
                f'There is no {cls.kind} file {str(path)!r}. {cls.recipe}'
            )
        try:
            with np.load(path, allow_pickle=False) as arrays:
                content = {f.name: arrays[f.name] for f in fields(cls)}
            names = content['names']
            if names.dtype.kind != 'U' or names.ndim != 1:
                raise TypeError(
                    'names must be a one-dimensional array of strings, got '
                    f'{names.dtype} of shape {names.shape}'
                )
            content['names'] = names.tolist()
            content['source'] = str(content['source'])
            return cls(**content)
        except (
            BadZipFile, EOFError, KeyError, IndexError, OSError, TypeError,
            ValueError,
        ) as error:  # fmt: skip
            raise ValueError(
                f'{str(path)!r} is not a {cls.kind} file, an .npz with '
                f'`names` (C), {cls.holds} and `source`, all without '
                f'pickled objects: {error}'
            ) from error

    def save(self, path: str | os.PathLike) -> None:
        """Write the ``.npz`` file that :meth:`load` reads.

        Args:
            path (str | os.PathLike): The file; missing folders are made.
        """
        path = Path(path).expanduser()
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays = {
            f.name: np.array(getattr(self, f.name)) for f in fields(self)
        }
        with path.open('wb') as file:
            np.savez(file, **arrays)

    def rows_of(self, classes: Sequence[str]) -> list[int]:
        """Find the rows of classes by their names.

        Args:
            classes (Sequence[str]): Class names of a data set.

        Returns:
            list[int]: One row for each class.

        Raises:
            ValueError: If a class has no row, or is given twice.
        """
        classes = check_class_names(classes, 'classes')
        rows = {name: row for row, name in enumerate(self.names)}
        missing = [name for name in classes if name not in rows]
        if missing:
            raise ValueError(
                f'The {self.kind} file ({self.source or "unnamed"}, '
                f'{len(self.names)} names) has nothing for '
                f'{len(missing)} of {len(classes)} classes: '
                f'{describe_unknown(missing, self.names)}. Names must agree '
                'letter by letter.'
            )
        return [rows[name] for name in classes]
