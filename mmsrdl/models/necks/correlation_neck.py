"""The graph that ML-GCN leaves of the co-occurrence of labels."""

import numpy as np
from mmengine.logging import print_log
from mmpretrain.registry import MODELS

from mmsrdl.structures import LabelCooccurrence, reweighted_adjacency

from .cooccurrence_neck import CooccurrenceNeck


def normalize(adjacency: np.ndarray) -> np.ndarray:
    """Â = (A D)ᵀ D, with D = diag(row sums of A)^-½.

    Written out, Â_ij = d_i A_ji d_j: row i holds what class i takes. It is
    *not* symmetric, as A is not, and its rows do not sum to 1: D comes from
    what a class gives, not from what it takes. So it is in the public code.

    Args:
        adjacency (np.ndarray): A, column j what class j takes from the
            others, each row of a positive sum, (C, C).

    Returns:
        np.ndarray: Â, (C, C).
    """
    scale = adjacency.sum(1) ** -0.5
    return scale[:, None] * adjacency.T * scale


@MODELS.register_module()
class CorrelationNeck(CooccurrenceNeck):
    """Adds word vectors and ML-GCN's graph of labels to the feature map.

    P(j|i) becomes an edge from i to j where it reaches ``threshold``; all
    edges into a class weigh ``share`` together, its own vector 1; Â is that,
    normalised. A class that no edge leads to hears of no other: its features
    are a perceptron of its own word vector. How many there are is logged.

    Args:
        *args: Those of :class:`CooccurrenceNeck`.
        threshold (float): Least P(j|i) of an edge, in (0, 1]. Defaults to
            0.4.
        share (float): Weight of all edges into a class, positive. Defaults to
            0.25, which makes the 0.2 of the paper after normalisation:
            0.25 / (1 + 0.25).
        reverse (bool): Whether an edge from i to j stands for P(i|j): a class
            then hears of those it mostly comes with, not of those that mostly
            come with it. Defaults to False.
        **kwargs: Those of :class:`CooccurrenceNeck`.

    Raises:
        ValueError: If an option is out of its range, or ``cooccurrence`` or
            ``classes`` is missing.
    """

    def __init__(
        self,
        *args,
        threshold: float = 0.4,
        share: float = 0.25,
        reverse: bool = False,
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        if not (0 < threshold <= 1 and share > 0):
            raise ValueError(
                'CorrelationNeck needs 0 < threshold <= 1 and share > 0, got '
                f'{threshold} and {share}.'
            )
        self.threshold = threshold
        self.share = share
        self.reverse = reverse

    def make_adjacency(self, statistics: LabelCooccurrence) -> np.ndarray:
        """Binarise, re-weight and normalise; see the class.

        Args:
            statistics (LabelCooccurrence): Counts of the classes.

        Returns:
            np.ndarray: Â, row i what class i takes, (C, C).
        """
        conditional = statistics.conditional()
        adjacency = reweighted_adjacency(
            conditional.T if self.reverse else conditional,
            self.threshold,
            self.share,
        )
        edges = (adjacency > 0).sum() - len(adjacency)
        alone = ((adjacency > 0).sum(0) == 1).sum()
        print_log(
            f'CorrelationNeck: {edges} edges, of probabilities from '
            f'{self.threshold} on; '
            f'{alone} of {len(adjacency)} classes receive no message.',
            logger='current',
        )
        return normalize(adjacency)
