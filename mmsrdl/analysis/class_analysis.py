"""How well each class is recognised."""

import numpy as np
from torch import Tensor

from mmsrdl.evaluation.class_table import class_columns
from mmsrdl.evaluation.functional import (
    average_precision,
    class_mean,
    count_labels,
    precision_recall_f1,
    summarise_counts,
)
from mmsrdl.evaluation.precision_recall_curves import precision_at_recalls
from mmsrdl.visualization.precision_recall_plot import plot_precision_recall

from .analysis import Analysis
from .prediction_dump import PredictionDump


def measure_labels(dump: PredictionDump, labels: Tensor) -> dict[str, float]:
    """Measure predicted labels as the test of the dump did.

    Args:
        dump (PredictionDump): With the truth.
        labels (Tensor): ``(N, C)`` bool.

    Returns:
        dict[str, float]: ``CP, CR, CF1, OP, OR, OF1, F1_macro`` in percent.
    """
    counts = count_labels(labels, dump.known_targets)
    return summarise_counts(counts, dump.metric['absent'])


def measure_dump(dump: PredictionDump) -> dict[str, float]:
    """Measure a dump as its test did.

    Args:
        dump (PredictionDump): Of any model.

    Returns:
        dict[str, float]: ``mAP`` and the measures of
        :func:`measure_labels` at the threshold of the test, in percent.
    """
    targets, metric = dump.ap_targets, dump.metric
    ap = average_precision(dump.scores, targets, metric['ap'])
    mean = class_mean(ap, (targets == 1).any(0), metric['absent'])
    return {
        'mAP': 100 * mean,
        **measure_labels(dump, dump.scores >= dump.thr),
    }


def analyse_classes(dump: PredictionDump) -> Analysis:
    """Measure every class.

    Args:
        dump (PredictionDump): Of any model.

    Returns:
        Analysis: A table, see
        :func:`~mmsrdl.evaluation.class_table.class_columns`, and curves of
        precision and recall.
    """
    scores, targets, metric = dump.scores, dump.known_targets, dump.metric
    ap_targets = dump.ap_targets
    ap = average_precision(scores, ap_targets, metric['ap'])
    counts = count_labels(scores >= dump.thr, targets)
    columns = class_columns(
        scores, targets, ap, (ap_targets == 1).any(0), counts, metric['absent']
    )
    present = (ap_targets == 1).any(0).tolist()
    precision, recall, _ = precision_recall_f1(counts)
    overall = [sum(count).item() for count in counts]
    figure = plot_precision_recall(
        dump.classes,
        precision_at_recalls(scores, ap_targets).numpy(),
        [
            v if p else None
            for v, p in zip(columns['AP'], present, strict=True)
        ],
        precision_at_recalls(
            scores.reshape(-1, 1), ap_targets.reshape(-1, 1)
        ).numpy()[0],
        list(zip(recall.tolist(), precision.tolist(), strict=True)),
        (
            overall[0] / max(overall[2], 1),
            overall[0] / max(overall[1], 1),
        ),
        dump.thr,
    )
    return Analysis(
        name='classes',
        title='Classes',
        notes=[
            'AP is the area under the curve of precision and recall. P, R '
            f'and F1 hold where labels are predicted from {dump.thr:g} on '
            '(the dot in a panel); "best F1" is what the best threshold of '
            'the class, "best thr", gives on these images.',
            'In the large panel, "all labels" takes the labels of all '
            'classes together, so that frequent classes count more; "class '
            'mean" is the mean of the curves of the classes.',
        ],
        tables={'classes': {'class': dump.classes, **columns}},
        figures={'precision_recall': figure},
    )


def as_column(values: Tensor | np.ndarray) -> list[float | int | None]:
    """Values of a table, with None for NaN."""
    return [None if value != value else value for value in values.tolist()]
