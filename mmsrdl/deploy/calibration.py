"""Images that say what to make of 8-bit numbers."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmengine.model import BaseDataPreprocessor
from mmengine.registry import DefaultScope
from mmpretrain.registry import DATASETS
from torch import Tensor

from mmsrdl.datasets.conversion.progress import progress

from .model_metadata import find_test_pipeline


def load_calibration_images(
    cfg: Config, data_preprocessor: BaseDataPreprocessor, count: int
) -> Iterator[Tensor]:
    """Load training images, evenly spaced, as the test pipeline would.

    Args:
        cfg (Config): Of the model; its ``train_dataloader`` names the data.
        data_preprocessor (BaseDataPreprocessor): Of the model.
        count (int): How many, if there are as many.

    Yields:
        Tensor: Preprocessed image, (1, 3, H, W) float.

    Raises:
        ValueError: If the config has no training data.
    """
    if 'train_dataloader' not in cfg:
        raise ValueError(
            'Quantisation needs images: the model config has no '
            'train_dataloader to take them from.'
        )
    dataset_cfg = deepcopy(cfg.train_dataloader.dataset)
    _use_pipeline(dataset_cfg, find_test_pipeline(cfg))
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        dataset = DATASETS.build(dataset_cfg)
    count = min(count, len(dataset))
    chosen = np.linspace(0, len(dataset) - 1, count).round().astype(int)
    for index in progress(chosen.tolist(), 'Calibration'):
        batch = default_collate([dataset[index]])
        yield data_preprocessor(batch)['inputs']


def _use_pipeline(dataset: Config, pipeline: list[dict[str, Any]]) -> None:
    """Set the pipeline of a data set, or of those in a wrapper, in place."""
    if 'datasets' in dataset:  # put together
        inner = dataset.datasets
    elif 'dataset' in dataset:  # such as repeated
        inner = [dataset.dataset]
    else:
        dataset.pipeline = pipeline
        return
    for each in inner:
        _use_pipeline(each, pipeline)
