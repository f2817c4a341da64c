"""Checks and converts the entries of an annotation file, all at once."""

from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from .ragged_table import TEXT, RaggedColumn, RaggedTable


class EntryParser:
    """Turns entries of :class:`MultiLabelJson`'s format into a table.

    Sets of labels are handled as sorted arrays of ``row * C + label``, for
    all images together.

    Args:
        classes (Sequence[str]): The C classes of the data set.
        num_file_classes (int): Number of classes of the file.
        index (Mapping[int, int]): Class of the file to class of the data
            set, one for each of these.
        difficult (str): ``'positive'`` makes difficult classes labels too.
    """

    def __init__(
        self,
        classes: Sequence[str],
        num_file_classes: int,
        index: Mapping[int, int],
        difficult: str,
    ) -> None:
        self.classes = classes
        self.difficult = difficult
        self._ours = np.full(num_file_classes, -1)
        self._ours[list(index)] = list(index.values())

    def __call__(self, entries: Sequence[dict]) -> RaggedTable:
        """Convert entries.

        Args:
            entries (Sequence[dict]): N entries, at least one.

        Returns:
            RaggedTable: Of N rows.

        Raises:
            ValueError: If an entry is not valid; which and why.
        """
        try:
            return self._parse(entries)
        except (TypeError, ValueError, OverflowError):
            low, high = 0, len(entries)
        # The rules hold for each entry alone: bisect for the first bad one.
        while high - low > 1:
            middle = (low + high) // 2
            try:
                self._parse(entries[low:middle])
            except (TypeError, ValueError, OverflowError):
                high = middle
            else:
                low = middle
        try:
            return self._parse(entries[low:high])
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(
                f'entry {low} of data_list ({str(entries[low])[:80]}): {error}'
            ) from error

    def _parse(self, entries: Sequence[dict]) -> RaggedTable:
        """Convert entries; an error is about the first of them."""
        if set(map(type, entries)) != {dict}:
            raise TypeError('an entry must be an object.')
        paths = [entry.get('img_path') for entry in entries]
        if set(map(type, paths)) != {str} or not all(paths):
            raise ValueError(f'img_path must be a path, got {paths[0]!r}.')
        sure, labelled = self._labels(entries, 'gt_label')
        hard, has_hard = self._labels(entries, 'gt_label_difficult')
        absent, partial = self._labels(entries, 'gt_label_negative')
        scores, scored = self._scores(entries)
        self._check_negatives(absent, _union(sure, hard))
        if np.any(partial & scored):
            raise ValueError('give gt_score or gt_label_negative, not both.')
        sure = self._add_scored(sure, labelled, hard, scores, scored)
        hard = hard[~_within(hard, sure)]
        if self.difficult == 'positive':
            sure = _union(sure, hard)
        columns = {'img_path': RaggedColumn.from_rows(paths, TEXT)}
        for name, keys, given in (
            ('gt_label', sure, labelled | scored),
            ('gt_label_difficult', hard, has_hard),
            ('gt_label_negative', absent, partial),
        ):
            if given.any():
                columns[name] = self._column(keys, given)
        if scored.any():
            ends = np.cumsum(scored) * len(self.classes)
            columns['gt_score'] = RaggedColumn(
                scores.ravel(), np.append(0, ends), scored
            )
        return RaggedTable(columns)

    def _labels(
        self, entries: Sequence[dict], key: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Keys of the labels in the data set, and which entries have any."""
        given = np.array([key in entry for entry in entries], bool)
        rows = [entry[key] for entry in entries if key in entry]
        total = len(self._ours)
        labels = None
        if set(map(type, rows)) <= {list}:
            flat = list(chain.from_iterable(rows))
            if set(map(type, flat)) <= {int}:
                labels = np.array(flat, np.int64)
        if labels is None or np.any((labels < 0) | (labels >= total)):
            raise ValueError(
                f'{key} must be a list of class indices from 0 to '
                f'{total - 1}, got {rows[0]!r}.'
            )
        owners = np.repeat(np.flatnonzero(given), list(map(len, rows)))
        ours = self._ours[labels]
        keys = owners * len(self.classes) + ours
        return _unique(keys[ours >= 0]), given

    def _scores(
        self, entries: Sequence[dict]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Scores (S, C) of those that have them, and which those are."""
        given = np.array(['gt_score' in entry for entry in entries], bool)
        total, ours = len(self._ours), len(self.classes)
        if not given.any():
            return np.empty((0, ours), np.float32), given
        rows = [entry['gt_score'] for entry in entries if 'gt_score' in entry]
        scores = np.asarray(rows, np.float32)
        if scores.shape[1:] != (total,) or not np.all(
            (scores == -1) | ((scores >= 0) & (scores <= 1))
        ):
            raise ValueError(
                f'gt_score must be {total} numbers from 0 to 1, or -1 for '
                f'unknown, got {rows[0]!r}.'
            )
        chosen = np.flatnonzero(self._ours >= 0)
        result = np.empty((len(scores), ours), np.float32)
        result[:, self._ours[chosen]] = scores[:, chosen]
        return result, given

    def _check_negatives(self, absent: np.ndarray, shown: np.ndarray) -> None:
        wrong = absent[_within(absent, shown)]
        if wrong.size:
            raise ValueError(
                f'gt_label_negative has {self._names(wrong)}, which gt_label '
                'or gt_label_difficult has too.'
            )

    def _add_scored(
        self,
        sure: np.ndarray,
        labelled: np.ndarray,
        hard: np.ndarray,
        scores: np.ndarray,
        scored: np.ndarray,
    ) -> np.ndarray:
        """Check labels against scores; take labels from scores alone."""
        owners = np.flatnonzero(scored)

        def keys_where(mask: np.ndarray) -> np.ndarray:
            rows, labels = np.nonzero(mask)
            return owners[rows] * len(self.classes) + labels

        with_label = labelled[owners, None]
        ones = keys_where((scores == 1) & with_label)
        wrong = _union(
            sure[_within(sure, keys_where(scores == 0))],
            ones[~_within(ones, _union(sure, hard))],
        )
        if wrong.size:
            raise ValueError(
                'gt_label and gt_score contradict each other about '
                f'{self._names(wrong)}: a label must not have score 0, nor a '
                'class that is no label score 1.'
            )
        more = keys_where((scores >= 0.5) & ~with_label)
        return _union(sure, more[~_within(more, hard)])

    def _column(self, keys: np.ndarray, given: np.ndarray) -> RaggedColumn:
        owners, labels = np.divmod(keys, len(self.classes))
        ends = np.cumsum(np.bincount(owners, minlength=len(given)))
        return RaggedColumn(
            labels.astype(np.min_scalar_type(len(self.classes) - 1)),
            np.append(0, ends),
            given[: 0 if given.all() else None],
        )

    def _names(self, keys: np.ndarray) -> str:
        """Classes of keys, of which the entry at hand has no more than C."""
        labels = np.unique(keys % len(self.classes))[:10]
        return ', '.join(self.classes[i] for i in labels)


# NumPy's own set functions may hash, which takes seconds for such keys.


def _unique(keys: np.ndarray) -> np.ndarray:
    keys = np.sort(keys)
    return keys[np.append(True, np.diff(keys) > 0)[: len(keys)]]


def _union(keys: np.ndarray, others: np.ndarray) -> np.ndarray:
    return _unique(np.concatenate([keys, others])) if others.size else keys


def _within(keys: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which of the keys are among others, both sorted."""
    if not others.size:
        return np.zeros(len(keys), bool)
    places = np.searchsorted(others, keys)
    return others[places.clip(max=len(others) - 1)] == keys
