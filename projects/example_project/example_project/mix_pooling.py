"""A learned mixture of global maximum and average pooling."""

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class MixPooling(BaseModule):
    """Pools each channel by σ(m) · maximum + (1 - σ(m)) · average.

    m is learned for each channel and starts at 0, at equal shares.

    Args:
        in_channels (int): Channels D of the feature map.
        init_cfg (dict, optional): Initialisation. Defaults to None.
    """

    def __init__(self, in_channels: int, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.mixture = nn.Parameter(torch.zeros(in_channels))

    def forward(self, feats: tuple[Tensor, ...]) -> tuple[Tensor]:
        """Pool the last feature map.

        Args:
            feats (tuple[Tensor]): Feature maps of the backbone, the last one
                (B, D, h, w).

        Returns:
            tuple[Tensor]: Pooled features, (B, D), alone.
        """
        share = self.mixture.sigmoid()
        feature = feats[-1]
        maximum, average = feature.amax((2, 3)), feature.mean((2, 3))
        return (share * maximum + (1 - share) * average,)
