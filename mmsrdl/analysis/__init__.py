"""Analyses of what a model predicts for a data set."""

from .all_analyses import analyse_dump
from .analysis import Analysis
from .calibration_analysis import analyse_calibration
from .class_analysis import analyse_classes, measure_dump
from .confusion_analysis import analyse_confusion
from .cooccurrence_analysis import analyse_cooccurrence
from .hardest_images import analyse_hardest_images
from .learned_graph import analyse_label_graph
from .model_complexity import measure_complexity
from .prediction_dump import PredictionDump
from .report import write_report
from .run_description import describe_test
from .threshold_analysis import ThresholdStudy, analyse_thresholds

__all__ = [
    'Analysis',
    'PredictionDump',
    'ThresholdStudy',
    'analyse_calibration',
    'analyse_classes',
    'analyse_confusion',
    'analyse_cooccurrence',
    'analyse_dump',
    'analyse_hardest_images',
    'analyse_label_graph',
    'analyse_thresholds',
    'describe_test',
    'measure_complexity',
    'measure_dump',
    'write_report',
]
