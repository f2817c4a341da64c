"""Semantic attention: a feature of each label, where its score is high."""

from torch import Tensor, nn

from .input_check import check_inputs

ALONE = (
    'It takes one feature map alone: set neck=None, and one stage in '
    'backbone.out_indices.'
)


class SemanticAttention(nn.Module):
    """Semantic attention module, SAM (ADD-GCN, ECCV 2020).

    With the features F_p of the positions,

    - s_cp = ⟨w_c, F_p⟩, the scores of the labels,
    - a_cp = σ(s_cp), the attention,
    - f_c = Σ_p a_cp (W F_p + b), a plain sum.

    Args:
        num_classes (int): Labels C.
        in_channels (int): Channels D of a position.
        out_channels (int): Width O of the features. Defaults to 1024.
    """

    def __init__(
        self, num_classes: int, in_channels: int, out_channels: int = 1024
    ) -> None:
        super().__init__()
        self.scorer = nn.Linear(in_channels, num_classes, bias=False)
        self.transform = nn.Linear(in_channels, out_channels)

    def score(self, positions: Tensor) -> Tensor:
        """Score each position for each label.

        Args:
            positions (Tensor): Features F of the positions, (B, P, D).

        Returns:
            Tensor: s, (B, C, P).
        """
        return self.scorer(positions).transpose(1, 2)

    def gather(
        self, positions: Tensor, scores: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Sum the positions by their scores.

        Args:
            positions (Tensor): Features F of the positions, (B, P, D).
            scores (Tensor): s, (B, C, P).

        Returns:
            tuple[Tensor, Tensor]: As of :meth:`forward`.
        """
        attention = scores.sigmoid()
        return attention @ self.transform(positions), attention

    def forward(
        self, positions: Tensor, *others: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Attend to each label.

        Args:
            positions (Tensor): Features F of the positions, (B, P, D).
            *others (Tensor): What a neck gives beside them, which is refused.

        Returns:
            tuple[Tensor, Tensor]: Features of the labels, (B, C, O), and
            attention in (0, 1), (B, C, P).

        Raises:
            ValueError: If there are others, or positions of another width.
        """
        shape = ('B', 'P', self.scorer.in_features)
        check_inputs(self, (positions, *others), [shape], ALONE)
        return self.gather(positions, self.score(positions))
