"""Head of ADD-GCN: labels attend to the image, then to each other."""

from mmpretrain.registry import MODELS
from torch import Tensor

from mmsrdl.models.heads import CategoryFeatureHead
from mmsrdl.models.layers import CategoryAttention, check_inputs
from mmsrdl.models.layers.semantic_attention import ALONE

from .dynamic_graph import DynamicGraph


@MODELS.register_module()
class ADDGCNHead(CategoryFeatureHead):
    """Attention-driven dynamic graph convolution (ADD-GCN, ECCV 2020).

    Semantic attention gives scores s_cp of the positions and a feature v_c of
    each label; a graph gives z_c of all of them. The logit is the mean of

    - the largest score, max over p of s_cp, and
    - ⟨w_c, v_c + z_c⟩ + b_c.

    Args:
        num_classes (int): Labels C.
        in_channels (int): Channels D of the feature map.
        hidden_channels (int): Width of the features of a label. Defaults to
            1024.
        **kwargs: ``loss``, ``thr``, ``topk`` and ``init_cfg``, as of
            :class:`~mmsrdl.models.heads.MultiLabelLinearHead`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        hidden_channels: int = 1024,
        **kwargs,
    ) -> None:
        attention = dict(
            type='SemanticAttention',
            num_classes=num_classes,
            in_channels=in_channels,
            out_channels=hidden_channels,
        )
        super().__init__(num_classes, hidden_channels, attention, **kwargs)
        self.graph = DynamicGraph(num_classes, hidden_channels)

    def attend(self, feats: tuple[Tensor, ...]) -> CategoryAttention:
        """Attend to each label, pass messages and score.

        Args:
            feats (tuple[Tensor]): One feature map, (B, D, h, w).

        Returns:
            CategoryAttention: Logits, the features v + z, and spatial
            attention.

        Raises:
            ValueError: If there is another input, or of another shape.
        """
        shape = ('B', self.layer.scorer.in_features, 'h', 'w')
        check_inputs(self, feats, [shape], ALONE)
        positions = feats[0].flatten(2).transpose(1, 2)
        scores = self.layer.score(positions)
        nodes, attention = self.layer.gather(positions, scores)
        features = nodes + self.graph(nodes)
        logits = (scores.amax(-1) + self.classify(features)) / 2
        spatial = attention.unflatten(2, feats[0].shape[2:])
        return CategoryAttention(logits, features, spatial, None)
