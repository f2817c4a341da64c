"""Attention of a model to one image, as the image is seen upright."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.dataset import BaseDataset, Compose
from mmengine.model import BaseModel
from torch import Tensor

from .label_maps import compute_label_maps
from .seen_area import Pack, SeenArea, find_seen_area


class ImageAttention(NamedTuple):
    """Scores of the C labels of an image, and where they come from.

    Attributes:
        image (np.ndarray): RGB (H, W, 3) uint8, the part of it that the
            model sees, neither resized nor mirrored.
        scores (Tensor): (C,) float32 in [0, 1], on the CPU.
        spatial (Tensor): (C, h, w) float32, on the CPU, a map of each label
            over ``image``; see :class:`~mmsrdl.apis.LabelMaps`.
    """

    image: np.ndarray
    scores: Tensor
    spatial: Tensor


@torch.no_grad()
def attend_to_image(
    model: BaseModel, image: np.ndarray, inputs: Tensor, area: SeenArea
) -> ImageAttention:
    """Score an image and map where the model looks for each label.

    Args:
        model (BaseModel): An ``ImageClassifier`` that
            :func:`~mmsrdl.apis.compute_label_maps` takes, in evaluation mode.
        image (np.ndarray): What the test pipeline loads: BGR, (H, W, 3).
        inputs (Tensor): What it makes of that: (3, h, w) uint8.
        area (SeenArea): What it shows of images of this size.

    Returns:
        ImageAttention: Upright, whatever the pipeline does.

    Raises:
        ValueError: If the model gives no maps.
    """
    batch = model.data_preprocessor(dict(inputs=inputs[None]))
    maps = compute_label_maps(model, batch['inputs'])
    return ImageAttention(
        np.ascontiguousarray(area.crop(image)[..., ::-1]),
        maps.logits[0].sigmoid().float().cpu(),
        area.upright(maps.spatial[0]).float().cpu(),
    )


def attend_to_sample(
    model: BaseModel, dataset: BaseDataset, index: int
) -> tuple[dict[str, Any], ImageAttention]:
    """Attend to an image of a data set.

    Args:
        model (BaseModel): As for :func:`attend_to_image`.
        dataset (BaseDataset): With a test pipeline whose first step loads.
        index (int): Index of the image.

    Returns:
        tuple[dict, ImageAttention]: What the data set knows of the image,
        and the attention to it.

    Raises:
        ValueError: If the model gives no maps, or what the pipeline shows it
            is no upright rectangle of the image.
    """
    load, pack = split_pipeline(dataset.pipeline)
    info = dataset.get_data_info(index)
    loaded = load(dict(info))
    image = loaded['img']
    area = find_seen_area(pack, image.shape[:2])
    inputs = pack(loaded)['inputs']
    return info, attend_to_image(model, image, inputs, area)


@lru_cache
def split_pipeline(pipeline: Compose) -> tuple[Pack, Pack]:
    """Split a test pipeline into the step that loads, and the others."""
    load, *others = pipeline.transforms
    return load, Compose(others)
