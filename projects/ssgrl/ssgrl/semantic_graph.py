"""Layer of SSGRL: semantic decoupling, then messages between the labels."""

from mmpretrain.registry import MODELS
from torch import Tensor, nn

from mmsrdl.models.layers import GatedGraph, SemanticDecoupling


@MODELS.register_module()
class SemanticGraph(nn.Module):
    """Semantic-specific graph representation learning (SSGRL, ICCV 2019).

    Attention of the labels to the positions gives a feature of each label;
    these pass a gated graph whose edges are the co-occurrence of labels.
    A ``CategoryFeatureHead`` scores what comes out.

    Args:
        in_channels (int): Channels D of a position.
        out_channels (int): Width O of the features of the labels.
        embed_dims (int): Width E of the word vectors. Defaults to 300.
        hidden_channels (int): Width of the products of labels and positions.
            Defaults to 1024.
        num_steps (int): Rounds of messages. Defaults to 3.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        embed_dims: int = 300,
        hidden_channels: int = 1024,
        num_steps: int = 3,
    ) -> None:
        super().__init__()
        self.decoupling = SemanticDecoupling(
            in_channels, embed_dims, hidden_channels
        )
        self.graph = GatedGraph(in_channels, out_channels, num_steps)

    def forward(
        self,
        positions: Tensor,
        labels: Tensor | None = None,
        adjacency: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Attend to each label and pass messages.

        Args:
            positions (Tensor): Features of the positions, (B, P, D).
            labels (Tensor): Word vectors, (C, E).
            adjacency (Tensor): P(j|i) in row i and column j, (C, C), of a
                ``CooccurrenceNeck``.

        Returns:
            tuple[Tensor, Tensor]: Features of the labels, (B, C, O), and
            attention, (B, C, P), of which each row sums to 1.

        Raises:
            ValueError: If the neck is another one.
        """
        nodes, attention = self.decoupling(positions, labels)
        if adjacency is None:
            raise ValueError(
                'SemanticGraph needs the graph of the labels, which '
                'CooccurrenceNeck gives: take it as the neck.'
            )
        return self.graph(nodes, adjacency), attention
