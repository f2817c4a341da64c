"""The feature pyramid of torchvision as a neck."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import Tensor
from torchvision.ops import FeaturePyramidNetwork


@MODELS.register_module()
class FeaturePyramid(BaseModule):
    """Lin et al., "Feature Pyramid Networks for Object Detection", 2017.

    Args:
        in_channels (Sequence[int]): Channels of the maps of the backbone,
            from high to low resolution.
        out_channels (int): Channels D of each map of the pyramid. Defaults
            to 256.
        init_cfg (dict, optional): Initialisation. Defaults to None,
            torchvision's.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int = 256,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.pyramid = FeaturePyramidNetwork(list(in_channels), out_channels)

    def forward(self, feats: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Build the pyramid.

        Args:
            feats (tuple[Tensor]): One map for each of ``in_channels``,
                (B, channels, h, w), each in its own size.

        Returns:
            tuple[Tensor]: As many maps, of the same sizes, (B, D, h, w).
        """
        maps = {str(i): feature for i, feature in enumerate(feats)}
        return tuple(self.pyramid(maps).values())
