"""Where a model's weights and class names come from."""

from collections.abc import Sequence

from mmengine.model import BaseModel

from mmsrdl.datasets.label_sets import read_classes


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
        meta.get('dataset_meta', {}).get('classes'),
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
