"""Measures of multi-label recognition."""

from .localisation_table import (
    localisation_columns,
    localisation_summary,
    localisation_table,
    match_labels,
)
from .metrics import DumpPredictions, MultiLabelRecognitionMetric
from .pointing_game import (
    LocalisedLabels,
    energy_in_boxes,
    localise_labels,
    peak_in_box,
)

__all__ = [
    'DumpPredictions',
    'LocalisedLabels',
    'MultiLabelRecognitionMetric',
    'energy_in_boxes',
    'localisation_columns',
    'localisation_summary',
    'localisation_table',
    'localise_labels',
    'match_labels',
    'peak_in_box',
]
