"""Gated graph network: labels exchange messages and update their states."""

import torch
from torch import Tensor, nn


class GatedGraph(nn.Module):
    """Gated graph network with incoming and outgoing messages.

    As in SSGRL (ICCV 2019), from h_0 = the node features, T times

    - a = [A h ; Aᵀ h],
    - z = σ(W_z a + U_z h), r = σ(W_r a + U_r h),
    - n = tanh(W_n a + U_n (r ⊙ h)),
    - h ← (1 - z) ⊙ h + z ⊙ n,

    and at the end o = tanh(W_o [h_T ; h_0]). All maps have a bias.

    Args:
        channels (int): Width D of the nodes.
        out_channels (int, optional): Width of o. Defaults to None, D.
        num_steps (int): Rounds T of messages. Defaults to 3.

    Raises:
        ValueError: If ``num_steps`` is less than 1.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int | None = None,
        num_steps: int = 3,
    ) -> None:
        super().__init__()
        if num_steps < 1:
            raise ValueError(
                f'GatedGraph needs num_steps >= 1, got {num_steps}.'
            )
        self.num_steps = num_steps
        self.w_z = nn.Linear(2 * channels, channels)
        self.w_r = nn.Linear(2 * channels, channels)
        self.w_n = nn.Linear(2 * channels, channels)
        self.u_z = nn.Linear(channels, channels)
        self.u_r = nn.Linear(channels, channels)
        self.u_n = nn.Linear(channels, channels)
        self.w_o = nn.Linear(2 * channels, out_channels or channels)

    def forward(self, nodes: Tensor, adjacency: Tensor) -> Tensor:
        """Exchange messages.

        Args:
            nodes (Tensor): Features of C nodes, (B, C, D).
            adjacency (Tensor): Weights A, from row i to column j that of
                node j in the message to node i; (C, C), or one of each
                image, (B, C, C).

        Returns:
            Tensor: o, (B, C, out_channels), in (-1, 1).
        """
        adjacency = adjacency.to(nodes)
        transposed = adjacency.transpose(-1, -2)
        h = nodes
        for _ in range(self.num_steps):
            a = torch.cat([adjacency @ h, transposed @ h], -1)
            z = torch.sigmoid(self.w_z(a) + self.u_z(h))
            r = torch.sigmoid(self.w_r(a) + self.u_r(h))
            n = torch.tanh(self.w_n(a) + self.u_n(r * h))
            h = (1 - z) * h + z * n
        return torch.tanh(self.w_o(torch.cat([h, nodes], -1)))
