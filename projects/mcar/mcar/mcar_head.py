"""Head of MCAR: one classifier for the image and its regions."""

import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor

from mmsrdl.apis import LabelMaps
from mmsrdl.models.heads import MultiLabelLinearHead
from mmsrdl.models.heads.multi_label_targets import masked_mean, stack_targets

POOLINGS = dict(
    avg=lambda feature: feature.mean((-2, -1)),
    max=lambda feature: feature.amax((-2, -1)),
    gwp=lambda feature: (feature.amax((-2, -1)) + feature.mean((-2, -1))) / 2,
)
"""Of a feature map, (..., h, w) to (...)."""


@MODELS.register_module()
class MCARHead(MultiLabelLinearHead):
    """Classifies the pooled features of an image and of its regions.

    The score of a category is the largest of those of the image and of its
    regions. In training the image, and the regions by their largest score of
    each category, are trained on the same target.

    Args:
        num_classes (int): Number of categories C.
        in_channels (int): Channels D of the feature map.
        pooling (str): ``'avg'``, ``'max'`` or ``'gwp'``, the mean of both.
            Defaults to ``'avg'``.
        **kwargs: ``loss``, ``thr``, ``topk`` and ``init_cfg``, as of
            :class:`~mmsrdl.models.heads.MultiLabelLinearHead`.

    Raises:
        ValueError: If the pooling is unknown.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        pooling: str = 'avg',
        **kwargs,
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        if pooling not in POOLINGS:
            raise ValueError(
                f'pooling must be one of {tuple(POOLINGS)}, got {pooling!r}.'
            )
        self.pooling = pooling

    def classify(self, feature: Tensor) -> Tensor:
        """Logits, (..., C), of feature maps, (..., D, h, w)."""
        return self.fc(POOLINGS[self.pooling](feature))

    def score_positions(self, feature: Tensor, categories: Tensor) -> Tensor:
        """Scores of the positions of a feature map for N categories.

        Args:
            feature (Tensor): (B, D, h, w).
            categories (Tensor): Indices, (B, N) int64.

        Returns:
            Tensor: In (0, 1), (B, N, h, w).
        """
        weight, bias = self.fc.weight[categories], self.fc.bias[categories]
        logits = torch.einsum('bnd,bdhw->bnhw', weight, feature)
        return (logits + bias[..., None, None]).sigmoid()

    def attend(self, feats: tuple[Tensor, ...]) -> LabelMaps:
        """Logits, and the scores of the positions of the whole image.

        Args:
            feats (tuple[Tensor]): As for :meth:`forward`.

        Returns:
            LabelMaps: Logits, (B, C), and maps in (0, 1), (B, C, h, w).
        """
        every = torch.arange(self.num_classes, device=feats[0].device)
        maps = self.score_positions(feats[0], every.expand(len(feats[0]), -1))
        return LabelMaps(self(feats), maps)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Logits, (B, C).

        Args:
            feats (tuple[Tensor]): Feature map of the image, (B, D, h, w),
                and those of its N regions, (B, N, D, h, w), if they are to
                be asked.
        """
        whole, *regions = self._score_streams(feats)
        return torch.maximum(whole, regions[0]) if regions else whole

    def loss(
        self,
        feats: tuple[Tensor, Tensor],
        data_samples: list[DataSample],
        **kwargs,
    ) -> dict[str, Tensor]:
        """Losses of the two streams, each the mean over the known labels.

        Args:
            feats (tuple[Tensor, Tensor]): As for :meth:`forward`.
            data_samples (list[DataSample]): Each with ``gt_score`` (C,), of
                which -1 means unknown, or ``gt_label``.
            **kwargs: For the loss module.

        Returns:
            dict[str, Tensor]: ``loss_global`` and ``loss_local``.
        """
        whole, regions = self._score_streams(feats)
        target = stack_targets(data_samples, whole)
        return dict(
            loss_global=masked_mean(self.loss_module, whole, target, **kwargs),
            loss_local=masked_mean(
                self.loss_module, regions, target, **kwargs
            ),
        )

    def _score_streams(self, feats: tuple[Tensor, ...]) -> list[Tensor]:
        """Logits of the image, and the largest of its regions, each (B, C)."""
        whole, *regions = feats
        scores = [self.classify(whole)]
        scores += [self.classify(region).amax(1) for region in regions]
        return scores
