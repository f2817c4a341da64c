"""Scores of labels from where all of them attend to."""

from collections.abc import Sequence

from mmengine.utils import to_2tuple
from torch import Tensor, nn


class SpatialRegulariser(nn.Sequential):
    """f_sr: convolutions over the attention maps of all labels.

    Two of 1×1 mix the labels; then a few kernels as large as the map look at
    each of the maps, for how labels lie to one another; a linear layer scores
    the labels by what they found.

    Args:
        num_classes (int): Labels C.
        map_size (int | Sequence[int]): Height and width of the maps.
        hidden_channels (int): Mixed maps. Defaults to 512.
        num_kernels (int): Kernels for each of them. Defaults to 4.
    """

    def __init__(
        self,
        num_classes: int,
        map_size: int | Sequence[int],
        hidden_channels: int = 512,
        num_kernels: int = 4,
    ) -> None:
        map_size = to_2tuple(map_size)
        relations = num_kernels * hidden_channels
        super().__init__(
            nn.Conv2d(num_classes, hidden_channels, 1),
            nn.BatchNorm2d(hidden_channels),
            nn.ReLU(),
            nn.Conv2d(hidden_channels, hidden_channels, 1),
            nn.BatchNorm2d(hidden_channels),
            nn.ReLU(),
            nn.Conv2d(
                hidden_channels, relations, map_size, groups=hidden_channels
            ),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(relations, num_classes),
        )
        self.map_size = tuple(map_size)

    def forward(self, maps: Tensor) -> Tensor:
        """Score the labels.

        Args:
            maps (Tensor): U, attention weighted by confidence, (B, C, h, w).

        Returns:
            Tensor: Logits y_sr, (B, C).

        Raises:
            ValueError: If the maps are of another size than the kernels.
        """
        size = tuple(int(side) for side in maps.shape[2:])
        if size != self.map_size:
            raise ValueError(
                'The spatial regulariser of SRN has kernels as large as the '
                f'feature map, {_text(self.map_size)}, but the images give '
                f'one of {_text(size)}. Resize all images to the size of the '
                "config's pipelines, or set map_size of SRNHead to "
                f'{list(size)} and train.'
            )
        return super().forward(maps)


def _text(size: Sequence[int]) -> str:
    return '×'.join(map(str, size))
