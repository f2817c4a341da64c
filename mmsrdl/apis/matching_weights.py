"""Loading of a checkpoint that has to fit its model."""

import os
from typing import Any

from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn


def load_matching_weights(
    model: nn.Module, checkpoint: str | os.PathLike
) -> dict[str, Any]:
    """Load the weights of a checkpoint, all of them and nothing else.

    MMEngine warns of weights that do not fit and goes on with random ones,
    which is what fine-tuning wants and what no prediction can use.

    Args:
        model (nn.Module): Gets the weights.
        checkpoint (str | PathLike): Path or URL of a Runner's checkpoint or
            of a state dict.

    Returns:
        dict: The ``meta`` of the checkpoint, empty if it has none.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds no weights, or not those of the model.
    """
    content = CheckpointLoader.load_checkpoint(
        str(checkpoint), map_location='cpu', logger='silent'
    )
    weights = content
    if isinstance(content, dict):
        weights = content.get('state_dict', content)
    if not isinstance(weights, dict):
        raise ValueError(f'{checkpoint} holds no weights of a model.')
    weights = {key.removeprefix('module.'): weights[key] for key in weights}
    differences = _compare(model.state_dict(), weights)
    if differences:
        raise ValueError(
            f'{checkpoint} does not fit the model: {"; ".join(differences)}. '
            'Give the config that the checkpoint was trained with.'
        )
    model.load_state_dict(weights, strict=False)
    return content.get('meta') or {}


def _compare(expected: dict, found: dict) -> list[str]:
    """Say how two state dicts differ; nothing if they do not."""
    # Written by BatchNorm for a count that no prediction uses.
    missing = [
        key
        for key in expected
        if key not in found and not key.endswith('num_batches_tracked')
    ]
    unknown = [key for key in found if key not in expected]
    reshaped = [
        f'{key} is {tuple(found[key].shape)} instead of '
        f'{tuple(expected[key].shape)}'
        for key in expected
        if key in found and found[key].shape != expected[key].shape
    ]
    kinds = {
        'it lacks': missing,
        'the model lacks': unknown,
        'other sizes (another number of classes?)': reshaped,
    }
    return [
        f'{kind}: {_shorten(items)}' for kind, items in kinds.items() if items
    ]


def _shorten(items: list[str]) -> str:
    rest = len(items) - 3
    return ', '.join(items[:3]) + (f' and {rest} more' if rest > 0 else '')
