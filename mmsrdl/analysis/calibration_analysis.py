"""Whether scores say how often a label is right."""

import numpy as np

from mmsrdl.evaluation.calibration import (
    cross_entropy,
    fit_temperatures,
    measure_reliability,
    temper_by_halves,
)
from mmsrdl.visualization.reliability_diagram import plot_reliability

from .analysis import Analysis
from .prediction_dump import PredictionDump


def analyse_calibration(dump: PredictionDump) -> Analysis:
    """Measure the calibration of scores, and what a temperature mends.

    Args:
        dump (PredictionDump): Of any model, at least 2 images.

    Returns:
        Analysis: A table of the effect, one of the classes, and a picture.
    """
    scores, targets = dump.scores, dump.known_targets
    common = fit_temperatures(scores, targets, per_class=False)
    each = fit_temperatures(scores, targets)
    variants = {'as they are': scores}
    if len(scores) > 1:
        variants['one temperature'] = temper_by_halves(scores, targets, False)
        variants['temperature per class'] = temper_by_halves(scores, targets)
    bins = {
        name: measure_reliability(values, targets)
        for name, values in variants.items()
    }
    errors = {
        name: 100 * measured.calibration_error()
        for name, measured in bins.items()
    }
    known = (targets >= 0).sum().clamp(min=1)
    effect = {
        'scores': list(variants),
        'ECE %': [
            100 * measured.pooled().calibration_error().item()
            for measured in bins.values()
        ],
        'mean class ECE %': [error.mean().item() for error in errors.values()],
        'cross-entropy': [
            (cross_entropy(values, targets).sum() / known).item()
            for values in variants.values()
        ],
    }
    first, last = list(variants)[0], list(variants)[-1]
    count = (targets >= 0).sum(0).clamp(min=1)
    table = {
        'class': dump.classes,
        'support': (targets == 1).sum(0).tolist(),
        'mean score %': (100 * bins[first].score_sum.sum(1) / count).tolist(),
        'present %': (100 * (targets == 1).sum(0) / count).tolist(),
        'temperature': each.tolist(),
        **{f'ECE % {name}': error.tolist() for name, error in errors.items()},
    }
    figure = plot_reliability(
        dump.classes,
        {
            'as they are': _curve(bins[first]),
            last: _curve(bins[last]),
        }
        if last != first
        else {first: _curve(bins[first]), 'the same': _curve(bins[first])},
        errors[first].numpy(),
        errors[last].numpy(),
    )
    return Analysis(
        name='calibration',
        title='Calibration',
        notes=[
            'Of the labels with a score of 0.8, 80 % should be present. The '
            'expected calibration error (ECE) is how far score and share '
            'are apart, over 15 bins, weighted by their labels; most labels '
            'are absent with a score near 0, which makes it small.',
            'sigmoid(logit / T) with a temperature T above 1 makes scores '
            'less sure. T is fitted to the cross-entropy; the rows and '
            'columns with a temperature are measured on the half of the '
            'images that it was not fitted on. It leaves the order of the '
            'images of a class, so its AP, and all labels at a threshold of '
            f'0.5. Fitted on all images: {common[0]:.3f} for all classes; a '
            'class with fewer than 10 positives has this one too.',
        ],
        tables={'calibration_effect': effect, 'calibration': table},
        figures={'reliability': figure},
    )


def _curve(bins) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    score_sum, present, count = (
        part[0].numpy()
        for part in (
            bins.pooled().score_sum,
            bins.pooled().present,
            bins.pooled().count,
        )
    )
    with np.errstate(invalid='ignore'):
        return score_sum / count, present / count, count
