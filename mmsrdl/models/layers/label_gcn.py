"""The graph network of ML-GCN: features of labels from word vectors."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .evaluation_cache import EvaluationCache
from .graph_convolution import GraphConvolution
from .input_check import check_inputs


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

    def check(self, head: nn.Module, feats: Sequence[Tensor]) -> None:
        """Refuse what is not of a neck with a graph, for a head.

        Args:
            head (nn.Module): The head, with its ``num_classes`` C.
            feats (Sequence[Tensor]): To be a feature map, (B, D, h, w), word
                vectors, (C, E), and a graph, (C, C).

        Raises:
            ValueError: If it is something else.
        """
        embed_dims, _ = self.layers[0].weight.shape
        _, channels = self.layers[1].weight.shape
        count = head.num_classes
        check_inputs(
            head,
            feats,
            [
                ('B', channels, 'h', 'w'),
                (count, embed_dims),
                (count, count),
            ],
            'That is a feature map, word vectors and a graph, as '
            'CorrelationNeck gives them. Check the neck, num_classes, '
            'in_channels and embed_dims.',
        )

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
