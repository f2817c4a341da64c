"""Which labels occur together in which scene, counted during training."""

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn


class SceneMemory(nn.Module):
    """Counts of pairs of labels in each of S scenes.

    The counts are buffers: they belong to checkpoints, and are those of all
    ranks. Up to 2²⁴, 200 epochs of COCO, they are exact.

    P(j|i) of a scene is the number of its images that show i and j, over
    those that show i and of which it is known whether they show j.

    Args:
        num_scenes (int): Scenes S.
        num_classes (int): Labels C.
        ignore_self (bool): Whether a label has no edge to itself. Defaults
            to False.
        normalize (bool): Whether the edges of a label are divided by their
            sum. Defaults to True.
    """

    def __init__(
        self,
        num_scenes: int,
        num_classes: int,
        ignore_self: bool = False,
        normalize: bool = True,
    ) -> None:
        super().__init__()
        self.ignore_self = ignore_self
        self.normalize = normalize
        shape = (num_scenes, num_classes, num_classes)
        self.register_buffer('together', torch.zeros(shape))
        self.register_buffer('known', torch.zeros(shape))

    @torch.no_grad()
    def update(self, target: Tensor, scenes: Tensor) -> None:
        """Count the labels of a batch, and of those of all other ranks.

        Args:
            target (Tensor): In [0, 1], -1 where unknown, (B, C).
            scenes (Tensor): Shares of the scenes in each image, (B, S).
        """
        # In half precision counts would soon stop.
        with torch.autocast(target.device.type, enabled=False):
            shown = target.clamp(min=0).to(self.together)
            known = (target >= 0).to(shown)
            shares = scenes.to(shown).T[:, None]  # (S, 1, B)
            counts = torch.stack(
                [(shares * shown.T) @ shown, (shares * shown.T) @ known]
            )
        all_reduce(counts)
        self.together += counts[0]
        self.known += counts[1]

    def adjacency(self) -> Tensor:
        """Edges from label i to label j in each scene, (S, C, C).

        Labels that no image of a scene has shown have none there.
        """
        edges = self.together / self.known.clamp(min=1e-8)
        if self.ignore_self:
            edges = edges * (1 - torch.eye(edges.shape[1]).to(edges))
        if self.normalize:
            edges = edges / edges.sum(2, keepdim=True).clamp(min=1e-8)
        return edges

    def forward(self, scenes: Tensor) -> Tensor:
        """Mix the edges of the scenes of each image.

        Args:
            scenes (Tensor): Shares of the scenes, (B, S).

        Returns:
            Tensor: Edges, (B, C, C).
        """
        edges = self.adjacency()
        mixed = scenes.to(edges) @ edges.flatten(1)
        return mixed.unflatten(1, edges.shape[1:])

    def extra_repr(self) -> str:
        """Sizes and options, for ``print(model)``."""
        num_scenes, num_classes, _ = self.together.shape
        return (
            f'{num_scenes}, {num_classes}, ignore_self={self.ignore_self}, '
            f'normalize={self.normalize}'
        )
