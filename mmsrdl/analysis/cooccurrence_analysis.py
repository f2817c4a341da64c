"""Which labels are predicted together, against those that are together."""

import numpy as np
from matplotlib.colors import TwoSlopeNorm
from torch import Tensor

from mmsrdl.structures import LabelCooccurrence
from mmsrdl.visualization.cooccurrence_map import ORDERS, plot_cooccurrence
from mmsrdl.visualization.label_matrix import plot_label_matrix

from .analysis import Analysis
from .class_analysis import as_column
from .prediction_dump import PredictionDump


def order_labels(dump: PredictionDump) -> np.ndarray:
    """Order labels so that those that occur together stand side by side.

    Args:
        dump (PredictionDump): With the truth.

    Returns:
        np.ndarray: ``(C,)`` class indices.
    """
    return ORDERS['similarity'](count_truth(dump).counts)


def count_truth(dump: PredictionDump) -> LabelCooccurrence:
    """Count which labels occur together; unknown ones do not occur.

    Args:
        dump (PredictionDump): With the truth.

    Returns:
        LabelCooccurrence: The counts.
    """
    return _count(dump, dump.known_targets == 1, 'present')


def analyse_cooccurrence(dump: PredictionDump) -> Analysis:
    """Compare which labels are predicted together with which are together.

    Args:
        dump (PredictionDump): Of any model.

    Returns:
        Analysis: A table of all pairs, those of the greatest difference
        first, and maps of the truth, the predictions and the difference.
    """
    targets = dump.known_targets
    truth = count_truth(dump)
    # Of unknown labels, predictions cannot be compared.
    labels = (dump.scores >= dump.thr) & (targets >= 0)
    predicted = _count(dump, labels, f'predicted from {dump.thr:g} on')
    chances = []
    for statistics in (truth, predicted):
        chance = statistics.conditional()
        chance[statistics.counts.diagonal() == 0] = np.nan
        chances.append(chance)
    difference = chances[1] - chances[0]
    np.fill_diagonal(difference, np.nan)

    own = truth.counts.diagonal()
    size = np.nan_to_num(np.abs(difference) * own[:, None])
    i, j = np.nonzero(~np.eye(len(own), dtype=bool))
    order = np.argsort(-size[i, j], kind='stable')
    i, j = i[order], j[order]
    table = {
        'label': [dump.classes[k] for k in i],
        'with': [dump.classes[k] for k in j],
        'images': own[i].tolist(),
        'together': truth.counts[i, j].tolist(),
        'together %': as_column(100 * chances[0][i, j]),
        'predicted images': predicted.counts.diagonal()[i].tolist(),
        'predicted together': predicted.counts[i, j].tolist(),
        'predicted together %': as_column(100 * chances[1][i, j]),
        'difference %': as_column(100 * difference[i, j]),
    }
    rows = order_labels(dump)
    names = [dump.classes[row] for row in rows]
    bound = max(np.nanmax(np.abs(difference), initial=0), 0.05)
    figure = plot_label_matrix(
        difference[np.ix_(rows, rows)],
        names,
        title='P(column | row), predicted\nminus true',
        legend='predicted together too rarely (brown), too often (green)',
        norm=TwoSlopeNorm(0, -bound, bound),
        ticks=[-bound, 0, bound],
        bars=own[rows],
        cmap='BrBG',
        signed=True,
    )
    return Analysis(
        name='cooccurrence',
        title='Labels together',
        notes=[
            'Of the images that show a label (row), how many show another '
            'one (column): in the truth, and among the predicted labels. '
            'Brown: the model predicts the pair more rarely than it occurs; '
            'green: more often. Sorted by the number of images concerned.'
        ],
        tables={'cooccurrence': table},
        figures={
            'cooccurrence_difference': figure,
            'cooccurrence_truth': plot_cooccurrence(
                truth.align(names), 'given'
            ),
            'cooccurrence_predicted': plot_cooccurrence(
                predicted.align(names), 'given'
            ),
        },
    )


def _count(
    dump: PredictionDump, labels: Tensor, source: str
) -> LabelCooccurrence:
    shown = labels.double()
    counts = (shown.t() @ shown).long().numpy()
    return LabelCooccurrence(dump.classes, counts, len(shown), source)
