"""Where a model, its weights and its class names come from."""

import os
from collections.abc import Sequence

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.model import BaseModel
from mmpretrain.apis import ModelHub, get_model
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.registry import MODELS

from mmsrdl.datasets.label_sets import read_classes

from .matching_weights import load_matching_weights

EXPORTED_SUFFIXES = ('.onnx', '.engine')
"""Of files that ONNX Runtime and TensorRT run."""


def load_model(
    model: str | os.PathLike | Config | BaseModel,
    pretrained: bool | str | os.PathLike = True,
    device: str | torch.device | None = None,
    classes: str | Sequence[str] | None = None,
    **kwargs,
) -> tuple[BaseModel, tuple[str, ...]]:
    """Load a model, and find its class names.

    Arguments and errors are those of
    :class:`~mmsrdl.apis.MultiLabelInferencer`.

    Returns:
        tuple[BaseModel, tuple[str, ...]]: The model, with its ``_config``,
        and its class names.
    """
    exported = is_exported(model)
    if isinstance(model, str | os.PathLike):
        model = os.fspath(model)
        is_file = exported or model.endswith('.py')
        if is_file and not os.path.isfile(model):
            kind = 'exported model' if exported else 'config'
            raise FileNotFoundError(f'There is no {kind} {model!r}.')
    if exported:
        # Needs packages that not everybody has.
        from mmsrdl.deploy import load_backend_model

        if not isinstance(pretrained, bool):
            raise ValueError(
                f'{model!r} has its own weights, and takes no checkpoint.'
            )
        model = load_backend_model(model, device)
    is_built = isinstance(model, BaseModel)
    if is_built and kwargs:
        raise ValueError(
            f'{", ".join(kwargs)}: the parts of a model that is already '
            'built or exported cannot be changed.'
        )
    if not is_built:
        model = get_model(model, pretrained=False, **kwargs)
    elif not hasattr(model, '_config'):
        raise ValueError(
            'The model has no config to take the test pipeline from: '
            'make it by mmpretrain.get_model, or give its config.'
        )
    if pretrained is True and not is_built:
        pretrained = find_checkpoint(model)
    meta = {}
    if not isinstance(pretrained, bool):
        meta = load_matching_weights(model, pretrained)
    if not exported and (device is not None or not is_built):
        model.to(device or get_device())
    return model, find_classes(model, meta, classes)


def is_exported(model: object) -> bool:
    """Return whether a model is given by the path of an exported one."""
    is_path = isinstance(model, str | os.PathLike)
    return is_path and os.fspath(model).endswith(EXPORTED_SUFFIXES)


def is_multi_label(model: str | os.PathLike | Config | BaseModel) -> bool:
    """Return whether a model may find several labels in an image.

    Args:
        model (str | PathLike | Config | BaseModel): As for
            :class:`~mmsrdl.apis.MultiLabelInferencer`.

    Raises:
        ValueError: If there is no such model.
    """
    if isinstance(model, BaseModel):
        return isinstance(getattr(model, 'head', None), MultiLabelClsHead)
    if isinstance(model, str | os.PathLike):
        model = os.fspath(model)
        if is_exported(model):
            return True
        if model.endswith('.py'):
            model = Config.fromfile(model)
        else:
            model = ModelHub.get(model).config
    head = model.model.get('head') or {}
    kind = head.get('type')
    if isinstance(kind, str):
        kind = MODELS.get(kind)
    return isinstance(kind, type) and issubclass(kind, MultiLabelClsHead)


def find_checkpoint(model: BaseModel) -> str:
    """Find the published checkpoint of a model of ``mmpretrain.get_model``.

    Returns:
        str: That of the model index for a model made by name, the
        ``load_from`` of the config otherwise.

    Raises:
        ValueError: If there is none.
    """
    checkpoint = model._config.get('load_from')
    if model._metainfo is not None:
        checkpoint = model._metainfo.weights
    if not checkpoint:
        raise ValueError(
            'No checkpoint is published for this model: give the path of '
            'one as `pretrained`.'
        )
    return checkpoint


def find_classes(
    model: BaseModel, meta: dict, classes: str | Sequence[str] | None = None
) -> tuple[str, ...]:
    """Find the class names of a model, the best source first.

    Args:
        model (BaseModel): A model of ``mmpretrain.get_model``.
        meta (dict): The ``meta`` of its checkpoint.
        classes (str | Sequence[str], optional): What the user says: names,
            a file of them or the name of a label set. Defaults to None.

    Returns:
        tuple[str, ...]: Class names.

    Raises:
        ValueError: If no source has any.
    """
    dataset = model._config.get('test_dataloader', {}).get('dataset', {})
    sources = (
        classes,
        (meta.get('dataset_meta') or {}).get('classes'),
        dataset.get('classes'),
        dataset.get('metainfo', {}).get('classes'),
        # Of the type of the data set, if get_model knew nothing better.
        model._dataset_meta.get('classes'),
    )
    for source in sources:
        if source is not None:
            return read_classes(source)
    raise ValueError(
        'The class names are unknown, neither the checkpoint nor the config '
        'has them: give `classes`, in the order of training.'
    )
