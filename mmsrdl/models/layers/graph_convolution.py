"""Graph convolution over labels, and the normalisations of its adjacency."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def _row(adjacency: Tensor) -> Tensor:
    weight = adjacency.abs()
    return weight / weight.sum(1, keepdim=True).clamp(min=1e-12)


def _symmetric(adjacency: Tensor) -> Tensor:
    weight = adjacency.abs()
    scale = weight.sum(1).clamp(min=1e-12).rsqrt()
    return scale[:, None] * weight * scale


#: V -> V̂ of SRDL eq. 3, where "normalised" is left open: ``row`` is |V| over
#: its row sums, ``symmetric`` is D^-½ |V| D^-½ with D the row sums,
#: ``softmax`` acts over each row and ``none`` keeps V.
NORMALIZATIONS = dict(
    row=_row,
    symmetric=_symmetric,
    softmax=lambda adjacency: adjacency.softmax(1),
    none=lambda adjacency: adjacency,
)


class GraphConvolution(nn.Module):
    """One layer LeakyReLU(V̂ A W) (SRDL §3.1, eq. 3).

    Args:
        in_dims (int): Width of the incoming node features.
        out_dims (int): Width of the outgoing node features.
        negative_slope (float): Slope of the LeakyReLU. Defaults to 0.2.
    """

    def __init__(
        self, in_dims: int, out_dims: int, negative_slope: float = 0.2
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(in_dims, out_dims))
        self.negative_slope = negative_slope
        nn.init.xavier_uniform_(self.weight)

    def forward(self, nodes: Tensor, adjacency: Tensor) -> Tensor:
        """Pass messages along the edges.

        Args:
            nodes (Tensor): Node features A, (C, in_dims).
            adjacency (Tensor): Normalised adjacency V̂, (C, C).

        Returns:
            Tensor: Node features, (C, out_dims).
        """
        return F.leaky_relu(
            adjacency @ nodes @ self.weight, self.negative_slope
        )

    def extra_repr(self) -> str:
        """Widths and slope, for ``print(model)``."""
        in_dims, out_dims = self.weight.shape
        return f'{in_dims}, {out_dims}, negative_slope={self.negative_slope}'
