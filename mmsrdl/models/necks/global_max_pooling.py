"""Global max pooling, the neck of the strong plain baseline."""

from mmpretrain.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class GlobalMaxPooling(nn.Module):
    """Maximum of each channel over all positions (GMP)."""

    def forward(self, feats: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Pool the feature maps of the backbone.

        Args:
            feats (tuple[Tensor]): Feature maps, each (B, D, h, w).

        Returns:
            tuple[Tensor]: Pooled features, each (B, D).
        """
        return tuple(feat.amax((2, 3)) for feat in feats)
