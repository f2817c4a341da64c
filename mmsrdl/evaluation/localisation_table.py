"""Localisation measures of classes, and of all labels together."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from .class_table import Columns
from .pointing_game import LocalisedLabels

MEASURES = {'pointing': 'hit', 'energy': 'energy', 'area': 'area'}
"""Headings, and the columns of :class:`LocalisedLabels` that they average."""


def localisation_columns(labels: LocalisedLabels, num_classes: int) -> Columns:
    """Average over the labels of each class.

    Args:
        labels (LocalisedLabels): Labels to count, such as those predicted.
        num_classes (int): C.

    Returns:
        Mapping[str, Sequence]: ``labels``, how many of each class; and in
        percent, None for a class without any, ``pointing``, hits of the
        pointing game; ``energy``, share of the map in the boxes; ``area``,
        share of the image in the boxes, which chance would give.
    """
    counts = labels.label.bincount(minlength=num_classes)
    columns = {'labels': counts.tolist()}
    for heading, name in MEASURES.items():
        values = getattr(labels, name).double()
        sums = labels.label.bincount(values, minlength=num_classes)
        means = 100 * sums / counts
        columns[heading] = [
            mean if count else None
            for mean, count in zip(
                means.tolist(), counts.tolist(), strict=True
            )
        ]
    return columns


def localisation_summary(
    labels: LocalisedLabels, num_classes: int
) -> dict[str, float | int | None]:
    """Average over all labels, and over the classes.

    Args:
        labels (LocalisedLabels): As for :func:`localisation_columns`.
        num_classes (int): C.

    Returns:
        dict: ``labels``, their number; ``pointing``, ``energy`` and ``area``
        in percent of them; and ``class_pointing``, ``class_energy`` and
        ``class_area``, means over the classes that have any. None if there
        is no label.
    """
    columns = localisation_columns(labels, num_classes)
    summary = {'labels': len(labels.label)}
    for heading, name in MEASURES.items():
        summary[heading] = _percent(getattr(labels, name))
    for heading in MEASURES:
        known = [value for value in columns[heading] if value is not None]
        mean = sum(known) / len(known) if known else None
        summary[f'class_{heading}'] = mean
    return summary


def localisation_table(
    models: Mapping[str, LocalisedLabels], classes: Sequence[str]
) -> tuple[list[str], Columns]:
    """Put the measures of models beside each other.

    Args:
        models (Mapping[str, LocalisedLabels]): Labels of each, by its name.
        classes (Sequence[str]): C class names.

    Returns:
        tuple[list[str], Mapping]: C + 2 names of rows, the last ones for all
        labels and for the mean of the classes; and heading to C + 2 values:
        those of :func:`localisation_columns`, with the name of the model
        before them if there are several.
    """
    table = {}
    for name, labels in models.items():
        columns = localisation_columns(labels, len(classes))
        summary = localisation_summary(labels, len(classes))
        for heading, values in columns.items():
            title = f'{name} {heading}' if len(models) > 1 else heading
            ends = [summary[heading], summary.get(f'class_{heading}')]
            table[title] = [*values, *ends]
    return [*classes, 'all labels', 'mean of classes'], table


def match_labels(
    first: LocalisedLabels, second: LocalisedLabels
) -> tuple[LocalisedLabels, LocalisedLabels]:
    """Keep the labels that two models have in common, in one order.

    Args:
        first (LocalisedLabels): Labels of a model, of which each image has a
            class at most once.
        second (LocalisedLabels): Those of another model, on the same data.

    Returns:
        tuple[LocalisedLabels, LocalisedLabels]: Entry by entry of the same
        image and class.
    """
    keys = [_keys(labels) for labels in (first, second)]
    common = keys[0][torch.isin(keys[0], keys[1])].sort().values
    return tuple(
        labels.select(key.argsort()[torch.isin(key.sort().values, common)])
        for labels, key in zip((first, second), keys, strict=True)
    )


def _keys(labels: LocalisedLabels) -> Tensor:
    return (labels.image << 32) + labels.label


def _percent(values: Tensor) -> float | None:
    return 100 * float(values.double().mean()) if len(values) else None
