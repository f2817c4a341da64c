"""Hooks."""

from .attention_visualization_hook import AttentionVisualizationHook
from .channels_last_hook import ChannelsLastHook
from .epoch_seed_hook import EpochSeedHook
from .label_check_hook import LabelCheckHook
from .object_erasing_hook import ObjectErasingHook

__all__ = [
    'AttentionVisualizationHook',
    'ChannelsLastHook',
    'EpochSeedHook',
    'LabelCheckHook',
    'ObjectErasingHook',
]
