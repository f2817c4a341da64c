"""Dynamic graph convolution: edges of the data set, then of the image."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class DynamicGraph(nn.Module):
    """Dynamic graph convolution network, D-GCN (ADD-GCN, ECCV 2020).

    With V the features of the labels, one row each, and φ a LeakyReLU,

    - static graph: V' = V + φ(W_s φ(A_s V)), A_s the same for all images,
    - image: g = φ(BN(W_g mean of V' over the labels)),
    - dynamic graph: A_d = σ(W_a [g ; V']), Z = φ(W_d φ(A_d V')).

    W_s, W_a and W_d have a bias; that of W_g would be removed by BN, the
    normalisation over the images of a batch.

    Args:
        num_classes (int): Labels C.
        channels (int): Width D of their features.
        negative_slope (float): Of the LeakyReLU. Defaults to 0.2.
    """

    def __init__(
        self, num_classes: int, channels: int, negative_slope: float = 0.2
    ) -> None:
        super().__init__()
        self.a_s = nn.Parameter(torch.empty(num_classes, num_classes))
        self.w_s = nn.Linear(channels, channels)
        self.w_g = nn.Linear(channels, channels, bias=False)
        self.norm = nn.BatchNorm1d(channels)
        self.w_a = nn.Linear(2 * channels, num_classes)
        self.w_d = nn.Linear(channels, channels)
        self.negative_slope = negative_slope
        bound = num_classes**-0.5
        nn.init.uniform_(self.a_s, -bound, bound)

    def forward(self, nodes: Tensor) -> Tensor:
        """Exchange messages.

        Args:
            nodes (Tensor): Features V of the labels, (B, C, D).

        Returns:
            Tensor: Z, (B, C, D).

        Raises:
            ValueError: In training on a single image.
        """
        nodes = nodes + self._activate(
            self.w_s(self._activate(self.a_s.to(nodes) @ nodes))
        )
        edges = self.connect(nodes)
        return self._activate(self.w_d(self._activate(edges @ nodes)))

    def connect(self, nodes: Tensor) -> Tensor:
        """Edges A_d of each image.

        Args:
            nodes (Tensor): Features V' after the static graph, (B, C, D).

        Returns:
            Tensor: In row i and column j the weight of label j in the
            message to label i, in (0, 1), (B, C, C).
        """
        spans_gpus = isinstance(self.norm, nn.SyncBatchNorm)
        if self.training and len(nodes) == 1 and not spans_gpus:
            raise ValueError(
                'ADD-GCN normalises over the images of a batch and cannot '
                'train on a batch of 1: set train_dataloader.batch_size to 2 '
                'or more, and train_dataloader.drop_last to True, as the last '
                'batch of an epoch may be smaller.'
            )
        image = self._activate(self.norm(self.w_g(nodes.mean(1))))
        pairs = torch.cat([image[:, None].expand_as(nodes), nodes], -1)
        return self.w_a(pairs).sigmoid()

    def _activate(self, values: Tensor) -> Tensor:
        return F.leaky_relu(values, self.negative_slope)
