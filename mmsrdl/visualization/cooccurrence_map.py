"""Heat maps of which labels occur together."""

from itertools import product

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from mmsrdl.structures import LabelCooccurrence

from .label_matrix import plot_label_matrix


def plot_cooccurrence(
    statistics: LabelCooccurrence, order: str = 'similarity'
) -> Figure:
    """Draw the conditional probabilities P(j|i) of all pairs of labels.

    Row i is the label that an image shows, column j the other one. Bars
    beside the rows count the images of each label. Colours grow with the
    square root, as most probabilities are small; the diagonal, 1 by
    definition, is grey.

    Args:
        statistics (LabelCooccurrence): C labels; up to 30, the
            probabilities are written into the cells in percent.
        order (str): ``'similarity'`` puts labels that occur together side by
            side, ``'given'`` keeps the order of the classes, and
            ``'frequency'`` begins with the most frequent. Defaults to
            ``'similarity'``.

    Returns:
        Figure: To be saved by its ``savefig``; every name can be read at
        full size.

    Raises:
        ValueError: If ``order`` is unknown.
    """
    if order not in ORDERS:
        raise ValueError(f'order must be one of {[*ORDERS]}, got {order!r}.')
    rows = ORDERS[order](statistics.counts)
    names = [statistics.names[row] for row in rows]
    shown = statistics.align(names)
    chances = shown.conditional()
    np.fill_diagonal(chances, np.nan)

    return plot_label_matrix(
        chances,
        names,
        title=f'P(column | row)\n{statistics.num_images:,} images: '
        f'{statistics.source}',
        legend='share of the images of the row',
        norm=PowerNorm(0.5, 0, 1),
        ticks=[0, 0.05, 0.2, 0.5, 1],
        bars=shown.counts.diagonal(),
    )


def _by_similarity(counts: np.ndarray) -> np.ndarray:
    """Order labels by average linkage, the more similar ends side by side.

    Two labels are as similar as the cosine of their columns of 0 and 1 over
    the images.
    """
    scale = np.sqrt(np.maximum(counts.diagonal(), 1))
    similar = counts / scale[:, None] / scale
    near = similar.copy()
    np.fill_diagonal(near, -1)
    groups = [[row] for row in range(len(counts))]
    for _ in groups[1:]:
        a, b = sorted(np.unravel_index(near.argmax(), near.shape))
        first, second = groups[a], groups[b]
        near[a] = len(first) * near[a] + len(second) * near[b]
        near[a] /= len(first) + len(second)
        near[:, a] = near[a]
        near[a, a] = near[b] = near[:, b] = -1
        pairs = product((first, first[::-1]), (second, second[::-1]))
        ends = max(pairs, key=lambda pair: similar[pair[0][-1], pair[1][0]])
        groups[a] = ends[0] + ends[1]
    return np.array(groups[0])


ORDERS = {
    'similarity': _by_similarity,
    'frequency': lambda counts: np.argsort(-counts.diagonal(), kind='stable'),
    'given': lambda counts: np.arange(len(counts)),
}
"""Ways to order labels, from the counts (C, C) to row numbers."""
