"""Head of ACfs: a linear classifier whose heat maps are to be consistent."""

import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor

from mmsrdl.apis import LabelMaps
from mmsrdl.models.heads import MultiLabelLinearHead
from mmsrdl.models.heads.multi_label_targets import stack_targets
from mmsrdl.models.layers import class_activation_maps

from .consistency import flip_distance, scale_distance


@MODELS.register_module()
class ACfsHead(MultiLabelLinearHead):
    """Visual attention consistency under flip and scale (ACfs, CVPR 2019).

    The heat map of label c at position p is ⟨w_c, F_p⟩, with the weights of
    the classifier held fixed. The loss is that of the labels, summed over
    them, with weight exp(1 - r_c) of a positive and exp(r_c) of a negative,
    r_c the share of images that show c; plus the distances of the maps of
    an image from those of its mirror image, and of its smaller copy.

    Args:
        num_classes (int): Labels C.
        in_channels (int): Channels D of the feature map.
        flip_weight (float): Weight of the distance from the mirror image, at
            each scale. Defaults to 0.6.
        scale_weight (float): Weight of the distance between the scales.
            Defaults to 0.8.
        thr (float, optional): Score from which a label is predicted.
            Defaults to None: 0.5 unless ``topk`` is given.
        topk (int, optional): Number of labels predicted instead. Defaults to
            None.
        init_cfg (dict): Initialisation. Defaults to a normal distribution of
            deviation 0.01.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        flip_weight: float = 0.6,
        scale_weight: float = 0.8,
        thr: float | None = None,
        topk: int | None = None,
        init_cfg: dict = dict(  # noqa: B006
            type='Normal', layer='Linear', std=0.01
        ),
    ) -> None:
        super().__init__(
            num_classes, in_channels, thr=thr, topk=topk, init_cfg=init_cfg
        )
        self.flip_weight = flip_weight
        self.scale_weight = scale_weight
        # Positives weigh as negatives until PositiveRatioHook has counted.
        self.register_buffer('positive_ratio', torch.full((num_classes,), 0.5))

    def pre_logits(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Mean of the last feature map over its positions, (B, D)."""
        return feats[-1].mean((2, 3))

    def map_heat(self, feature: Tensor) -> Tensor:
        """Heat maps, (B, C, h, w), without a gradient for the classifier."""
        return class_activation_maps(feature, self.fc.weight.detach())

    def attend(self, feats: tuple[Tensor, ...]) -> LabelMaps:
        """Logits, (B, C), and heat maps, (B, C, h, w)."""
        return LabelMaps(self(feats), self.map_heat(feats[-1]))

    def loss(
        self,
        feats: tuple[Tensor, Tensor],
        data_samples: list[DataSample],
    ) -> dict[str, Tensor]:
        """Losses of the labels and of the heat maps.

        Args:
            feats (tuple[Tensor, Tensor]): Feature maps of the B images and
                then of their mirror images, (2 B, D, h, w); and of the same
                at the smaller scale, (2 B, D, h', w').
            data_samples (list[DataSample]): B samples, each with ``gt_score``
                (C,), of which -1 means unknown, or ``gt_label``.

        Returns:
            dict[str, Tensor]: ``loss_labels``, ``loss_flip`` and
            ``loss_scale``.
        """
        logits = torch.cat([self((feature,)) for feature in feats])
        target = stack_targets(data_samples, logits[: len(data_samples)])
        large, small = (self.map_heat(feature).float() for feature in feats)
        return dict(
            loss_labels=self._weigh_labels(logits.float(), target),
            loss_flip=self.flip_weight
            * (flip_distance(large) + flip_distance(small)),
            loss_scale=self.scale_weight * scale_distance(large, small),
        )

    def _weigh_labels(self, logits: Tensor, target: Tensor) -> Tensor:
        """Weighted cross-entropy, summed over the known labels.

        Args:
            logits (Tensor): Of all views, (4 B, C).
            target (Tensor): Of the images, -1 where unknown, (B, C).

        Returns:
            Tensor: Scalar, the mean over the views of all images.
        """
        target = target.repeat(len(logits) // len(target), 1)
        known, shown = target >= 0, target.clamp(min=0)
        ratio = self.positive_ratio
        loss = -(
            (1 - ratio).exp() * shown * F.logsigmoid(logits)
            + ratio.exp() * (1 - shown) * F.logsigmoid(-logits)
        )
        return (loss * known).sum() / len(logits)
