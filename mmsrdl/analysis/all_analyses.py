"""All that a dump tells, one analysis after the other."""

import os
from collections.abc import Iterator

from .analysis import Analysis
from .calibration_analysis import analyse_calibration
from .class_analysis import analyse_classes
from .confusion_analysis import analyse_confusion
from .cooccurrence_analysis import analyse_cooccurrence
from .hardest_images import analyse_hardest_images
from .learned_graph import analyse_label_graph
from .prediction_dump import PredictionDump
from .threshold_analysis import ThresholdStudy, analyse_thresholds


def analyse_dump(
    dump: PredictionDump, checkpoint: str | os.PathLike | None = None
) -> Iterator[Analysis]:
    """Make all analyses of a dump.

    Args:
        dump (PredictionDump): Of any model.
        checkpoint (str | PathLike, optional): Of the model, to show the
            label graph that it learned. Defaults to None: no label graph.

    Yields:
        Analysis: The next one.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        ValueError: If it has no label graph for the classes of the dump.
    """
    graph = []
    if checkpoint is not None:
        # Before the others, as a wrong file should be told at once.
        graph = [analyse_label_graph(checkpoint, dump.classes)]
    yield analyse_classes(dump)
    yield analyse_thresholds(ThresholdStudy(dump))
    yield analyse_confusion(dump)
    yield analyse_cooccurrence(dump)
    yield analyse_calibration(dump)
    yield analyse_hardest_images(dump)
    yield from graph
