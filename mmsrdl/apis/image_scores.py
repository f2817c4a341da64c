"""Scores of the labels of images, with maps if wanted."""

from collections.abc import Sequence
from itertools import groupby

import torch
from mmengine.dataset import default_collate
from mmengine.model import BaseModel
from mmpretrain.structures import DataSample

from .label_maps import compute_label_maps


def score_images(
    model: BaseModel, packed: Sequence[dict], with_maps: bool
) -> list[DataSample]:
    """Score images, those of one size together.

    Args:
        model (BaseModel): An ``ImageClassifier``, or a wrapper that averages
            over views.
        packed (Sequence[dict]): What the model's test pipeline gives.
        with_maps (bool): Whether to map each label.

    Returns:
        list[DataSample]: With ``pred_score`` (C,) and, on the model's
        device, float32 ``pred_maps`` (C, h, w).

    Raises:
        ValueError: If the model gives no maps.
    """
    samples = []
    for _, group in groupby(packed, _shape):
        batch = default_collate(list(group))
        if with_maps:
            samples += _map(model, batch)
        else:
            samples += model.test_step(batch)
    return samples


def _shape(packed: dict) -> list[torch.Size]:
    inputs = packed['inputs']
    views = inputs if isinstance(inputs, list) else [inputs]
    return [view.shape for view in views]


def _map(model: BaseModel, batch: dict) -> list[DataSample]:
    batch = model.data_preprocessor(batch)
    maps = compute_label_maps(model, batch['inputs'])
    for sample, scores, spatial in zip(
        batch['data_samples'],
        maps.logits.sigmoid(),
        maps.spatial.float(),
        strict=True,
    ):
        sample.set_pred_score(scores)
        sample.pred_maps = spatial
    return batch['data_samples']
