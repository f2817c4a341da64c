"""Where a model looks for each label."""

from typing import NamedTuple

import torch
from mmengine.model import BaseModel
from mmpretrain.models.heads import (
    CSRAClsHead,
    LinearClsHead,
    MultiLabelLinearClsHead,
)
from mmpretrain.models.necks import (
    GeneralizedMeanPooling,
    GlobalAveragePooling,
)
from torch import Tensor, nn

from mmsrdl.models.layers import class_activation_maps
from mmsrdl.models.necks import GlobalMaxPooling

_POOLINGS = (GeneralizedMeanPooling, GlobalAveragePooling, GlobalMaxPooling)


class LabelMaps(NamedTuple):
    """Scores of the labels of images, and where in the image they come from.

    Attributes:
        logits (Tensor): Scores before the sigmoid, (B, C).
        spatial (Tensor): One map per label, (B, C, h, w), higher where the
            model looks: in (0, 1) for an attention, of any sign for a class
            activation map.
    """

    logits: Tensor
    spatial: Tensor


@torch.no_grad()
def compute_label_maps(model: BaseModel, inputs: Tensor) -> LabelMaps:
    """Score images, and map where the model looks for each label.

    What the map is depends on the head:

    - A head with ``attend(feats)``, as
      :class:`~mmsrdl.models.heads.CARHead`, is asked for its attention: the
      ``logits`` (B, C) and ``spatial`` (B, C, h, w) of what it returns.
    - For a linear classifier of pooled features it is the class activation
      map ⟨w_c, F_p⟩ (Zhou et al., "Learning Deep Features for Discriminative
      Localization", CVPR 2016), without the bias.
    - For MMPretrain's ``CSRAClsHead`` it is the class score of each
      position, summed over its attention heads.

    Args:
        model (BaseModel): An ``ImageClassifier``, in evaluation mode unless
            statistics of the batch are wanted.
        inputs (Tensor): Images after the model's data preprocessor,
            (B, 3, H, W), on the model's device.

    Returns:
        LabelMaps: Logits and maps, without gradients.

    Raises:
        ValueError: If the model gives no map per label.
    """
    head = getattr(model, 'head', None)
    if hasattr(head, 'attend'):
        attention = head.attend(model.extract_feat(inputs))
        if not hasattr(attention, 'spatial'):
            raise ValueError(
                f'{type(head).__name__}.attend must return a '
                'CategoryAttention, or what has its attributes `logits` and '
                f'`spatial`, got {type(attention).__name__}.'
            )
        if attention.spatial is None:
            raise ValueError(
                f'{type(head).__name__} has no spatial attention to show: '
                'give a model with spatial_attention=True.'
            )
        return LabelMaps(attention.logits, attention.spatial)
    if isinstance(head, LinearClsHead | MultiLabelLinearClsHead):
        return _activate(model, inputs)
    if isinstance(head, CSRAClsHead):
        feats = model.extract_feat(inputs)
        return LabelMaps(head(feats), _score_positions(head, feats[-1]))
    raise ValueError(
        f'{type(head).__name__} has no map per label: it needs a method '
        'attend(feats) that returns `logits` (B, C) and `spatial` '
        '(B, C, h, w), or to be a linear classifier of globally pooled '
        'features.'
    )


def _activate(model: BaseModel, inputs: Tensor) -> LabelMaps:
    """Class activation maps of a pooling neck and a linear head."""
    feats = model.extract_feat(inputs, stage='backbone')
    neck, weight = model.neck, model.head.fc.weight
    feature = feats[-1]
    is_map = isinstance(feature, Tensor) and feature.ndim == 4
    if not (isinstance(neck, _POOLINGS) and is_map):
        source = f'{type(model.backbone).__name__} and '
        source += 'no neck' if neck is None else type(neck).__name__
        raise ValueError(
            f'{type(model.head).__name__} after {source} has no class '
            'activation map: that needs a backbone that gives a feature map '
            '(B, D, h, w) and one of the necks '
            f'{", ".join(pooling.__name__ for pooling in _POOLINGS)}.'
        )
    spatial = class_activation_maps(feature, weight)
    return LabelMaps(model.head(neck(feats)), spatial)


def _score_positions(head: CSRAClsHead, feature: Tensor) -> Tensor:
    """Class scores of each position, (B, C, h, w), summed over the heads."""
    return sum(
        nn.functional.conv2d(
            feature, nn.functional.normalize(part.head.weight, dim=1)
        )
        for part in head.csra_heads
    )
