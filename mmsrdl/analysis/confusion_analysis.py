"""What is predicted when a label is missed."""

import numpy as np
from matplotlib.colors import PowerNorm

from mmsrdl.evaluation.label_confusion import confuse_labels
from mmsrdl.visualization.label_matrix import plot_label_matrix

from .analysis import Analysis
from .cooccurrence_analysis import order_labels
from .prediction_dump import PredictionDump


def analyse_confusion(dump: PredictionDump) -> Analysis:
    """Tell which absent labels are predicted when a present one is missed.

    Args:
        dump (PredictionDump): Of any model.

    Returns:
        Analysis: A table of the pairs that occur, those of most images
        first, and a heat map.
    """
    targets = dump.known_targets
    confusion = confuse_labels(dump.scores >= dump.thr, targets)
    pairs, missed, false = (counts.numpy() for counts in confusion)
    absent = (targets == 0).sum(0).numpy()
    share = pairs / np.maximum(missed, 1)[:, None]
    usual = false / np.maximum(absent, 1)

    rows, columns = np.nonzero(pairs)
    order = np.lexsort((columns, rows, -share[rows, columns]))
    order = order[np.argsort(-pairs[rows, columns][order], kind='stable')]
    rows, columns = rows[order], columns[order]
    table = {
        'missed': [dump.classes[i] for i in rows],
        'images': missed[rows].tolist(),
        'predicted instead': [dump.classes[j] for j in columns],
        'of them': pairs[rows, columns].tolist(),
        'share %': (100 * share[rows, columns]).tolist(),
        'else %': (100 * usual[columns]).tolist(),
    }

    shown = np.where(missed[:, None] > 0, share, np.nan)
    np.fill_diagonal(shown, np.nan)
    highest = max(np.nanmax(shown, initial=0), 0.05)
    labels = order_labels(dump)
    figure = plot_label_matrix(
        shown[np.ix_(labels, labels)],
        [dump.classes[label] for label in labels],
        title='Predicted (column), and wrong,\nwhere the row was missed',
        legend='share of the images in which the row was missed',
        norm=PowerNorm(0.5, 0, highest),
        ticks=highest * np.array([0, 0.1, 0.4, 1]),
        bars=missed[labels],
        bar_title='images, missed',
        cmap='OrRd',
    )
    return Analysis(
        name='confusion',
        title='Instead of a missed label',
        notes=[
            'An image has several labels, so no prediction stands for any '
            'one of them. Counted here is, of the images in which a present '
            'label was missed, how many have each absent label predicted. '
            '"else %" is how often that label is predicted in all images '
            'without it: a share far above it is a confusion, one near it '
            'chance.',
        ],
        tables={'confusion': table},
        figures={'confusion': figure},
    )
