"""How often labels occur together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np

from .class_names import check_class_names
from .label_file import LabelFile

_IMAGES_AT_ONCE = 4096
"""Images in one dense block; bounds memory on large data sets."""


@dataclass(frozen=True, eq=False)
class LabelCooccurrence(LabelFile):
    """Counts of pairs of labels that carry the names of their classes.

    On disk it is an ``.npz`` file with the arrays ``names``, ``counts``,
    ``num_images`` and ``source``, free of pickled objects.

    Args:
        names (Sequence[str]): C unique class names.
        counts (np.ndarray): Images that show both classes, (C, C), integers;
            kept in int64. On the diagonal, images that show the class.
        num_images (int): Images that were counted, those without a label
            included.
        source (str): Which split of which data they are, in words.

    Raises:
        TypeError: If the names are not strings or the counts not integers.
        ValueError: If the names are not unique, the shapes do not agree or
            no labels can have such counts.
    """

    kind = 'label co-occurrence'
    holds = '`counts` (C, C), `num_images`'
    recipe = (
        'Make one from the training split of a config with '
        'tools/dataset_converters/label_cooccurrence.py.'
    )

    names: tuple[str, ...]
    counts: np.ndarray
    num_images: int
    source: str = ''

    def __post_init__(self) -> None:
        """Check and normalise the fields."""
        names = check_class_names(self.names, self.kind)
        counts, num_images = map(np.asarray, (self.counts, self.num_images))
        for array in (counts, num_images):
            if not np.issubdtype(array.dtype, np.integer):
                raise TypeError(f'Counts are integers, got {array.dtype}.')
        if counts.shape != (len(names),) * 2 or num_images.ndim:
            raise ValueError(
                f'{len(names)} class names need counts of shape '
                f'{(len(names),) * 2} and one number of images, got '
                f'{counts.shape} and {num_images.shape}.'
            )
        own = counts.diagonal()
        if (
            (counts != counts.T).any()
            or (counts < 0).any()
            or (counts > own).any()
            or (own > num_images).any()
        ):
            raise ValueError(
                'Counts must be symmetric and not negative, none above those '
                'of its two classes on the diagonal, and those not above the '
                f'number of images, {num_images}.'
            )
        object.__setattr__(self, 'names', names)
        object.__setattr__(self, 'counts', counts.astype(np.int64))
        object.__setattr__(self, 'num_images', int(num_images))

    @classmethod
    def count(
        cls,
        labels: Iterable[Sequence[int]],
        classes: Sequence[str],
        source: str = '',
    ) -> 'LabelCooccurrence':
        """Count the labels of images, some thousand at once.

        Args:
            labels (Iterable[Sequence[int]]): Class indices that each image
                shows, as ``gt_label``; repeated ones count once. A class of
                which it is unknown whether the image shows it is not among
                them, and counts as not shown.
            classes (Sequence[str]): Names of the C classes.
            source (str): Which split of which data it is. Defaults to ``''``.

        Returns:
            LabelCooccurrence: The counts.

        Raises:
            ValueError: If there is no image, or an index is not that of a
                class.
        """
        classes = check_class_names(classes, 'classes')
        counts = np.zeros((len(classes),) * 2, np.int64)
        num_images = 0
        labels = iter(labels)
        while block := list(islice(labels, _IMAGES_AT_ONCE)):
            rows = np.repeat(np.arange(len(block)), [*map(len, block)])
            columns = np.fromiter(chain.from_iterable(block), np.int64)
            wrong = (columns < 0) | (columns >= len(classes))
            if wrong.any():
                raise ValueError(
                    f'Image {num_images + rows[wrong][0]} has label '
                    f'{columns[wrong][0]}, but there are {len(classes)} '
                    f'classes (0 to {len(classes) - 1}).'
                )
            # Sums of at most _IMAGES_AT_ONCE ones are exact in float32.
            shown = np.zeros((len(block), len(classes)), np.float32)
            shown[rows, columns] = 1
            counts += (shown.T @ shown).astype(np.int64)
            num_images += len(block)
        if not num_images:
            raise ValueError('There is no image to count the labels of.')
        return cls(classes, counts, num_images, source)

    def align(self, classes: Sequence[str]) -> 'LabelCooccurrence':
        """Take the given classes, in their order.

        Names that are not asked for are left out; their images still count.

        Args:
            classes (Sequence[str]): Class names of a data set.

        Returns:
            LabelCooccurrence: The counts of these classes.

        Raises:
            ValueError: If a class is missing, or given twice.
        """
        rows = self.rows_of(classes)
        counts = self.counts[np.ix_(rows, rows)]
        return LabelCooccurrence(classes, counts, self.num_images, self.source)

    def conditional(self) -> np.ndarray:
        """How likely an image that shows one class shows another.

        Returns:
            np.ndarray: P(j|i) in row i and column j, float64, (C, C): counts
            over those of class i, 1 on the diagonal (SSGRL). The row and the
            column of a class that no image shows are 0.
        """
        return self.counts / np.maximum(self.counts.diagonal(), 1)[:, None]


def reweighted_adjacency(
    conditional: np.ndarray, threshold: float = 0.4, share: float = 0.25
) -> np.ndarray:
    """Make ML-GCN's adjacency from conditional probabilities.

    Probabilities from ``threshold`` on become edges; the edges into a class
    weigh ``share`` together, next to its own weight of 1. ML-GCN's code has
    a share of 0.25, of which its paper's p = 0.2 is 0.25 / (1 + 0.25).

    Args:
        conditional (np.ndarray): From :meth:`LabelCooccurrence.conditional`.
        threshold (float): Smallest probability of an edge. Defaults to 0.4.
        share (float): Sum of the weights of a class's edges. Defaults to
            0.25.

    Returns:
        np.ndarray: A, float64, (C, C); column j holds what class j takes
        from the others. Not yet normalised.
    """
    edges = (conditional >= threshold).astype(float)
    np.fill_diagonal(edges, 0)
    # Not + 1e-6 as in the code: a class without edges has none to divide.
    edges *= share / np.maximum(edges.sum(0), 1)
    return edges + np.eye(len(edges))
