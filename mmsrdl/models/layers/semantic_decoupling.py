"""Semantic decoupling: a feature of each label, by attention to positions."""

import torch
from torch import Tensor, nn

from .category_attention import find_implementation
from .input_check import check_inputs


class SemanticDecoupling(nn.Module):
    """Label-guided attention (SSGRL, ICCV 2019).

    With the features F_p of the positions and the embeddings E_c of labels,

    - logit_pc = ⟨w, W₃ tanh(W₁ F_p ⊙ W₂ E_c)⟩,
    - a_c = softmax of logit_pc over the positions p,
    - f_c = Σ_p a_pc F_p.

    Nothing is between W₃ and w: as ⟨W₃ᵀ w, tanh(..)⟩ the logits never need a
    (B, C, P, H) tensor. Constants that the paper adds there, the biases of
    both, leave the softmax as it is, and are left out.

    Args:
        in_channels (int): Channels D of a position.
        embed_dims (int): Width E of the label embeddings.
        hidden_channels (int): Width H of the products. Defaults to 1024.
    """

    def __init__(
        self, in_channels: int, embed_dims: int, hidden_channels: int = 1024
    ) -> None:
        super().__init__()
        self.w_1 = nn.Linear(in_channels, hidden_channels, bias=False)
        self.w_2 = nn.Linear(embed_dims, hidden_channels, bias=False)
        self.w_3 = nn.Linear(hidden_channels, hidden_channels, bias=False)
        self.w = nn.Linear(hidden_channels, 1, bias=False)

    def forward(
        self, positions: Tensor, labels: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Attend to each label.

        Args:
            positions (Tensor): Features F of the positions, (B, P, D).
            labels (Tensor): Embeddings E, (C, E). Without them a neck is
                missing, which is told.

        Returns:
            tuple[Tensor, Tensor]: Features of the labels, (B, C, D), and
            attention, (B, C, P), of which each row sums to 1.

        Raises:
            ValueError: If the labels have no embeddings, or of another width.
        """
        check_inputs(
            self,
            [labels],
            [('C', self.w_2.in_features)],
            'That is an embedding of each label, as a LabelGraphNeck gives '
            'them. Check the neck, and that its embed_dims are those of the '
            'head.',
        )
        projected = self.w_1(positions)
        guide = self.w_2(labels).to(projected)
        weight = (self.w.weight @ self.w_3.weight)[0].to(projected)
        implementation = find_implementation('auto', positions.device)
        logits = implementation.spatial_logits(projected, guide, weight)
        attention = logits.softmax(-1)
        return torch.matmul(attention.to(positions), positions), attention
