"""Models, images and metadata to be exported."""

import os

import torch
from mmengine.config import Config
from mmengine.dataset import Compose, default_collate
from mmengine.model import BaseModel, revert_sync_batchnorm
from mmpretrain.apis import get_model
from mmpretrain.registry import TRANSFORMS
from torch import Tensor

from mmsrdl.apis.matching_weights import load_matching_weights
from mmsrdl.apis.model_sources import find_classes

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
        ValueError: If the checkpoint does not fit, there is no test pipeline
            or the class names are unknown.
    """
    find_test_pipeline(model_cfg)  # before the work
    model = get_model(model_cfg, pretrained=False)
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
        ValueError: If it cannot be read.
    """
    image = os.fspath(image)
    if not os.path.isfile(image):
        raise FileNotFoundError(f'There is no image {image!r}.')
    steps = find_test_pipeline(model._config)
    pipeline = Compose([TRANSFORMS.build(step) for step in steps])
    try:
        packed = pipeline(dict(img_path=image))
    except Exception as error:  # whatever a decoder raises
        raise ValueError(f'Cannot read {image!r}: {error}') from None
    return model.data_preprocessor(default_collate([packed]))['inputs']
