"""Classifier of ACfs: it is trained on an image, small, large and mirrored."""

import torch
import torch.nn.functional as F
from mmpretrain.models import ImageClassifier
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor


@MODELS.register_module()
class ACfsClassifier(ImageClassifier):
    """A network trained on four views of each image.

    These are the image, the image at a smaller scale, and the mirror images
    of both. Inference takes the image alone, in one pass.

    Args:
        scale (float): Sides of the smaller images, as share of those of the
            image, in (0, 1). Defaults to 8 / 9, such as 256 of 288 pixels.
        **kwargs: Those of ``ImageClassifier``; the head is an ``ACfsHead``.

    Raises:
        ValueError: If the scale is out of its range.
    """

    def __init__(self, *args, scale: float = 8 / 9, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if not 0 < scale < 1:
            raise ValueError(
                f'ACfsClassifier needs 0 < scale < 1, got {scale}.'
            )
        self.scale = scale

    def loss(
        self, inputs: Tensor, data_samples: list[DataSample]
    ) -> dict[str, Tensor]:
        """Training losses of all four views.

        Args:
            inputs (Tensor): Images, (B, 3, H, W).
            data_samples (list[DataSample]): B samples with labels.

        Returns:
            dict[str, Tensor]: Those of ``ACfsHead.loss``.
        """
        feats = [
            self.extract_feat(torch.cat([images, images.flip(3)]))[-1]
            for images in (inputs, self.shrink(inputs))
        ]
        return self.head.loss(tuple(feats), data_samples)

    def shrink(self, images: Tensor) -> Tensor:
        """Bring images, (B, 3, H, W), to the smaller scale."""
        size = [max(1, round(self.scale * side)) for side in images.shape[2:]]
        return F.interpolate(images, size, mode='bilinear', antialias=True)
