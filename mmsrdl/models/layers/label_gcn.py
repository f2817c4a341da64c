"""The graph network of ML-GCN: features of labels from word vectors."""

import torch
from torch import Tensor, nn

from .evaluation_cache import EvaluationCache
from .graph_convolution import GraphConvolution


class LabelGCN(nn.Module):
    """Two graph convolutions over labels (ML-GCN, CVPR 2019).

    Z = Â LeakyReLU(Â E W₁) W₂, with E the word vectors and Â the graph.

    Args:
        embed_dims (int): Width E of the word vectors.
        hidden_channels (int): Width between the two layers.
        out_channels (int): Width D of the features.
        negative_slope (float): Slope of the LeakyReLU. Defaults to 0.2.
    """

    def __init__(
        self,
        embed_dims: int,
        hidden_channels: int,
        out_channels: int,
        negative_slope: float = 0.2,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                GraphConvolution(embed_dims, hidden_channels, negative_slope),
                # a slope of 1: no activation after the last layer
                GraphConvolution(hidden_channels, out_channels, 1.0),
            ]
        )
        for layer in self.layers:
            bound = layer.weight.shape[1] ** -0.5
            nn.init.uniform_(layer.weight, -bound, bound)
        self._cache = EvaluationCache()

    def forward(self, labels: Tensor, adjacency: Tensor) -> Tensor:
        """Z, (C, D), in float32 whatever autocast says.

        Args:
            labels (Tensor): Word vectors E, (C, E).
            adjacency (Tensor): Â, (C, C).
        """

        def propagate() -> Tensor:
            nodes = labels
            for layer in self.layers:
                nodes = layer(nodes, adjacency)
            return nodes

        weights = (layer.weight for layer in self.layers)
        with torch.autocast(labels.device.type, enabled=False):
            return self._cache(propagate, labels, adjacency, *weights)
