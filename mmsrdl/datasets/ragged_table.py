"""Rows of lists of variable length, in memory that processes share."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain
from typing import Any, NamedTuple

import numpy as np
import torch

TEXT = np.dtype('S1')
"""Element type of text, which is kept as UTF-8."""


class RaggedColumn(NamedTuple):
    """The lists of N rows, end to end.

    Attributes:
        values (np.ndarray): All lists, (L,).
        offsets (np.ndarray): Where each list begins, and L, (N + 1,).
        given (np.ndarray): Which rows have a list at all, (N,) bool; (0,) if
            all have one.
    """

    values: np.ndarray
    offsets: np.ndarray
    given: np.ndarray = np.empty(0, bool)

    @classmethod
    def from_rows(
        cls, rows: Iterable[Sequence | None], dtype: np.dtype | type
    ) -> 'RaggedColumn':
        """Chain lists of numbers, or texts; None is no list."""
        rows = list(rows)
        given = np.array([row is not None for row in rows], bool)
        if np.dtype(dtype) == TEXT:
            rows = [
                (row or '').encode('utf-8', 'surrogatepass') for row in rows
            ]
            values = np.frombuffer(b''.join(rows), TEXT)
        else:
            rows = [() if row is None else row for row in rows]
            values = np.array(list(chain.from_iterable(rows)), dtype)
        offsets = np.array([0, *accumulate(map(len, rows))], np.int64)
        return cls(values, offsets, given[: 0 if given.all() else None])

    def take(self, rows: np.ndarray) -> 'RaggedColumn':
        """The column of other rows, (M,) int64 from 0 to N - 1."""
        starts = self.offsets.astype(np.int64)
        sizes = np.diff(starts)[rows]
        offsets = np.append(0, np.cumsum(sizes))
        shift = starts[rows] - offsets[:-1]
        places = np.arange(offsets[-1]) + np.repeat(shift, sizes)
        given = self.given[rows] if self.given.size else self.given
        return RaggedColumn(self.values[places], offsets, given)

    def row(self, i: int) -> Any:
        """The list of a row: text, integers or an array; None if not given."""
        if self.given.size and not self.given[i]:
            return None
        values = self.values[self.offsets[i] : self.offsets[i + 1]]
        if values.dtype == TEXT:
            return values.tobytes().decode('utf-8', 'surrogatepass')
        return values.tolist() if values.dtype.kind == 'u' else values.copy()


class RaggedTable(Sequence):
    """An unchangeable sequence of dicts of lists, kept as few arrays.

    All arrays lie in one block of memory. Forked processes share it, since
    nothing writes to it; spawned ones too, since its tensor moves to shared
    memory when it is first sent to one.

    Args:
        columns (Mapping[str, RaggedColumn]): At least one, of equal length.
    """

    def __init__(self, columns: Mapping[str, RaggedColumn]) -> None:
        self._layout, size = {}, 0
        for name, column in columns.items():
            places = []
            for array in _shrink(column):
                places.append((array.dtype.str, array.shape, size))
                size += -(-array.nbytes // 8) * 8
            self._layout[name] = places
        self._size = len(column.offsets) - 1
        self._block = torch.zeros(size, dtype=torch.uint8)
        for name, column in columns.items():
            for view, array in zip(self._views(name), column, strict=True):
                view[:] = array

    @classmethod
    def from_rows(
        cls, rows: Sequence[dict], dtypes: Mapping[str, Any]
    ) -> 'RaggedTable':
        """Convert dicts of lists.

        Args:
            rows (Sequence[dict]): At least one.
            dtypes (Mapping[str, np.dtype]): Element type of what to keep.
        """
        keys = set().union(*rows)
        return cls(
            {
                key: RaggedColumn.from_rows([row.get(key) for row in rows], t)
                for key, t in dtypes.items()
                if key in keys
            }
        )

    def _views(self, name: str) -> list[np.ndarray]:
        # Made anew each time: the block moves when it becomes shared.
        block = self._block.numpy()
        return [
            np.ndarray(shape, dtype, block, offset)
            for dtype, shape, offset in self._layout[name]
        ]

    def __contains__(self, name: object) -> bool:
        """Whether there is such a column."""
        return name in self._layout

    def column(self, name: str) -> RaggedColumn:
        """A column, as views that are valid until the next call."""
        return RaggedColumn(*self._views(name))

    def texts(self, name: str) -> list[str]:
        """All texts of a column."""
        column = self.column(name)
        bytes_ = column.values.tobytes()
        bounds = column.offsets.tolist()
        return [
            bytes_[start:end].decode('utf-8', 'surrogatepass')
            for start, end in zip(bounds[:-1], bounds[1:], strict=True)
        ]

    @property
    def block(self) -> np.ndarray:
        """The memory of the table, (bytes,) uint8."""
        return self._block.numpy()

    def __len__(self) -> int:
        """The number of rows."""
        return self._size

    def __getitem__(self, index: Any) -> Any:
        """A row as a dict, or the table of a slice or of several rows.

        Raises:
            IndexError: If there is no such row.
        """
        if not isinstance(index, int | np.integer):
            rows = np.arange(self._size)
            if not isinstance(index, slice):
                index = np.asarray(index, np.int64)
            return RaggedTable(
                {
                    name: self.column(name).take(rows[index])
                    for name in self._layout
                }
            )
        if not -self._size <= index < self._size:
            raise IndexError(f'There is no entry {index} of {self._size}.')
        rows = {
            name: self.column(name).row(index % self._size)
            for name in self._layout
        }
        return {name: row for name, row in rows.items() if row is not None}

    def __deepcopy__(self, memo: dict) -> 'RaggedTable':
        """The table itself, as nothing can change it."""
        return self


def _shrink(column: RaggedColumn) -> list[np.ndarray]:
    """Use no wider integers than needed for the offsets."""
    kind = np.min_scalar_type(int(column.offsets[-1]))
    return [column.values, column.offsets.astype(kind), column.given]
