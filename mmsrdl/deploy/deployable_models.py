"""Models, images and metadata to be exported."""

import os
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmengine.model import BaseModel, revert_sync_batchnorm
from mmpretrain.apis import get_model
from mmpretrain.registry import TRANSFORMS
from torch import Tensor

from mmsrdl.apis.matching_weights import load_matching_weights
from mmsrdl.apis.model_sources import find_classes

from .exportable_model import check_exportable
from .model_metadata import ModelMetadata, find_test_pipeline


def load_deployable(
    model_cfg: Config, checkpoint: str | os.PathLike
) -> tuple[BaseModel, ModelMetadata]:
    """Load a model that is to be exported.

    Args:
        model_cfg (Config): With a test pipeline.
        checkpoint (str | PathLike): All of its weights and no others.

    Returns:
        tuple[BaseModel, ModelMetadata]: The model, on the CPU and in eval
        mode, and what its file has to say.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        TypeError: If it is no classifier with a multi-label head.
        ValueError: If the checkpoint does not fit, there is no test pipeline
            or the class names are unknown.
    """
    find_test_pipeline(model_cfg)  # before the work
    model = get_model(model_cfg, pretrained=False)
    check_exportable(model)
    meta = load_matching_weights(model, checkpoint)
    classes = find_classes(model, meta)
    # Layers that merge their branches for inference, such as RepVGG's.
    for module in (model.backbone, model):
        if hasattr(module, 'switch_to_deploy'):
            module.switch_to_deploy()
    model = revert_sync_batchnorm(model).eval()
    return model, ModelMetadata.of_model(model, classes)


@torch.no_grad()
def load_image(model: BaseModel, image: str | os.PathLike) -> Tensor:
    """Load an image as the graph takes it.

    Args:
        model (BaseModel): Of :func:`load_deployable`.
        image (str | PathLike): Path of an image.

    Returns:
        Tensor: Preprocessed, (1, 3, H, W) float.

    Raises:
        FileNotFoundError: If there is no such image.
        ValueError: If it cannot be read, or a step of the pipeline fails.
    """
    packed = apply_test_pipeline(model._config, os.fspath(image))
    return model.data_preprocessor(default_collate([packed]))['inputs']


def apply_test_pipeline(
    model_cfg: Config, image: str | np.ndarray
) -> dict[str, Any]:
    """Bring an image into the shape in which a data preprocessor takes it.

    Args:
        model_cfg (Config): With a test pipeline.
        image (str | np.ndarray): Path, or pixels (H, W, 3) uint8 in BGR,
            which are loaded already.

    Returns:
        dict: ``inputs``, (3, H, W) uint8, and ``data_samples``.

    Raises:
        FileNotFoundError: If there is no such image.
        ValueError: If it cannot be read, or a step of the pipeline fails.
    """
    is_loaded = isinstance(image, np.ndarray)
    if not is_loaded and not os.path.isfile(image):
        raise FileNotFoundError(f'There is no image {image!r}.')
    data = dict(img=image) if is_loaded else dict(img_path=image)
    for step in find_test_pipeline(model_cfg):
        loads = 'LoadImage' in str(step['type'])
        if loads and is_loaded:
            continue
        try:
            data = TRANSFORMS.build(step)(data)
        except Exception as error:  # whatever decoders and transforms raise
            what = (
                f'Cannot read {image!r}'
                if loads
                else f'The step {step} of the test pipeline fails'
            )
            raise ValueError(f'{what}: {error}') from None
    return data
