"""Classifier of MCAR: it looks at the image, then closely at its regions."""

import torch
from mmpretrain.models import ImageClassifier
from mmpretrain.registry import MODELS
from torch import Tensor

from .region_localisation import cut_regions, locate_regions


@MODELS.register_module()
class MCARClassifier(ImageClassifier):
    """Two streams of the same weights: the image, and regions cut from it.

    The regions are those of the categories that score highest in the image:
    boxes around the peaks of the scores of its positions. No gradient passes
    through the choice of a region. Training always uses both streams.

    Args:
        num_regions (int): Most regions N of an image. Defaults to 4.
        alpha (float): Threshold of a region in (0, 1), see
            :func:`locate_regions`. Defaults to 0.5.
        least_region (float): Least side of a region as share of the image's,
            in (0, 1]. Defaults to 1 / 8.
        inference (str): ``'global_local'``, both streams; or ``'global'``,
            the image alone, in one pass. Defaults to ``'global_local'``.
        **kwargs: Those of ``ImageClassifier``; the head is a ``MCARHead``.

    Raises:
        ValueError: If an option is out of its range.
    """

    def __init__(
        self,
        *args,
        num_regions: int = 4,
        alpha: float = 0.5,
        least_region: float = 1 / 8,
        inference: str = 'global_local',
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        if num_regions < 1 or not 0 < alpha < 1 or not 0 < least_region <= 1:
            raise ValueError(
                'MCARClassifier needs num_regions >= 1, 0 < alpha < 1 and '
                f'0 < least_region <= 1, got {num_regions}, {alpha} and '
                f'{least_region}.'
            )
        if inference not in ('global_local', 'global'):
            raise ValueError(
                "inference must be 'global_local' or 'global', got "
                f'{inference!r}.'
            )
        self.num_regions = num_regions
        self.alpha = alpha
        self.least_region = least_region
        self.inference = inference

    def extract_feat(
        self, inputs: Tensor, stage: str = 'neck'
    ) -> tuple[Tensor, ...] | Tensor:
        """Extract the features of the image and of its regions.

        Args:
            inputs (Tensor): Images, (B, 3, H, W).
            stage (str): ``'backbone'`` for the image's feature maps;
                ``'neck'`` for both streams; ``'pre_logits'`` for what the
                head makes of them. Defaults to ``'neck'``.

        Returns:
            tuple[Tensor]: The last feature map of the image, (B, D, h, w),
            and those of its regions, (B, N, D, h, w), unless they are not to
            be asked in inference.
        """
        if stage == 'backbone':
            return super().extract_feat(inputs, stage)
        feature = super().extract_feat(inputs)[-1]
        feats = (feature,)
        if self.training or self.inference == 'global_local':
            regions = self.cut(inputs, feature)
            local = super().extract_feat(regions.flatten(0, 1))[-1]
            feats += (local.unflatten(0, (-1, regions.shape[1])),)
        return self.head.pre_logits(feats) if stage == 'pre_logits' else feats

    def cut(self, images: Tensor, feature: Tensor) -> Tensor:
        """Cut the regions that the scores of the image point to.

        Args:
            images (Tensor): (B, 3, H, W).
            feature (Tensor): Their feature map, (B, D, h, w).

        Returns:
            Tensor: (B, N, 3, H, W), without a gradient.
        """
        return cut_regions(images.detach(), self.locate(images, feature))

    @torch.no_grad()
    def locate(self, images: Tensor, feature: Tensor) -> Tensor:
        """Find the regions of the categories that score highest.

        Args:
            images (Tensor): (B, 3, H, W).
            feature (Tensor): Their feature map, (B, D, h, w).

        Returns:
            Tensor: x1, y1, x2, y2 in pixels, ends exclusive, (B, N, 4).
        """
        count = min(self.num_regions, self.head.num_classes)
        logits = self.head.classify(feature)
        categories = logits.topk(count).indices
        maps = self.head.score_positions(feature, categories).float()
        boxes = locate_regions(
            maps.flatten(0, 1),
            images.shape[2:],
            self.alpha,
            self.least_region,
        )
        return boxes.unflatten(0, (-1, count))
