"""Head of ML-GCN: a graph network makes the classifiers of the labels."""

from mmpretrain.registry import MODELS
from torch import Tensor

from mmsrdl.apis import LabelMaps
from mmsrdl.models.heads import MultiLabelHead
from mmsrdl.models.layers import LabelGCN, class_activation_maps


@MODELS.register_module()
class MLGCNHead(MultiLabelHead):
    """Multi-label recognition by a graph convolutional network (CVPR 2019).

    With f = GMP(F) of the feature map, E the word vectors and Â the graph,

    - Z = Â LeakyReLU(Â E W₁) W₂, a classifier of each label,
    - logits = Z f.

    Args:
        num_classes (int): Labels C.
        in_channels (int): Channels D of the feature map.
        embed_dims (int): Width E of the word vectors. Defaults to 300.
        hidden_channels (int): Width between the two layers. Defaults to 1024.
        negative_slope (float): Slope of the LeakyReLU. Defaults to 0.2.
        loss (dict): Loss of the labels. Defaults to the sigmoid's
            cross-entropy, of which the mean over labels is the published
            soft margin loss.
        thr (float, optional): Score from which a label is predicted.
            Defaults to None: 0.5 unless ``topk`` is given.
        topk (int, optional): Number of labels predicted instead. Defaults to
            None.
        init_cfg (dict, optional): Initialisation. Defaults to None.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        embed_dims: int = 300,
        hidden_channels: int = 1024,
        negative_slope: float = 0.2,
        loss: dict = dict(type='CrossEntropyLoss', use_sigmoid=True),  # noqa: B006
        thr: float | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(loss=loss, thr=thr, topk=topk, init_cfg=init_cfg)
        self.num_classes = num_classes
        self.gcn = LabelGCN(
            embed_dims, hidden_channels, in_channels, negative_slope
        )

    def attend(self, feats: tuple[Tensor, Tensor, Tensor]) -> LabelMaps:
        """Logits, and the scores ⟨z_c, F_p⟩ of the positions.

        Args:
            feats (tuple[Tensor, Tensor, Tensor]): As for :meth:`forward`.

        Returns:
            LabelMaps: Logits, (B, C), and class activation maps of any sign,
            (B, C, h, w).
        """
        logits = self(feats)
        classifiers = self.gcn(*feats[1:])
        maps = class_activation_maps(feats[0], classifiers)
        return LabelMaps(logits, maps)

    def pre_logits(self, feats: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """GMP(F), (B, D). See :meth:`forward`."""
        self.gcn.check(self, feats)
        return feats[0].amax((2, 3))

    def forward(self, feats: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Logits, (B, C).

        Args:
            feats (tuple[Tensor, Tensor, Tensor]): Feature map F,
                (B, D, h, w), word vectors E, (C, E), and graph Â, (C, C), of
                a :class:`~mmsrdl.models.necks.CorrelationNeck`.

        Raises:
            ValueError: If the inputs have other shapes.
        """
        pooled = self.pre_logits(feats)
        return pooled @ self.gcn(*feats[1:]).to(pooled).T
