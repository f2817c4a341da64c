"""Head of GCN-MS-SGA: semantic-guided attention to the positions."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from mmsrdl.apis import LabelMaps
from mmsrdl.models.heads import MultiLabelHead
from mmsrdl.models.layers import LabelGCN


@MODELS.register_module()
class SGAHead(MultiLabelHead):
    """Semantic-guided attention (GCN-MS-SGA, Neurocomputing 2022).

    With the feature map F, and the features l_c that a graph network makes
    of the labels,

    - z_cp = ReLU(cos(l_c, BN(T F_p))), over its sum over the positions p;
    - m = BN(conv(F)), a map of each label;
    - logit_c = Σ_p z_cp m_cp.

    Both convolutions are 1×1, without the bias that BatchNorm takes off.

    Args:
        num_classes (int): Labels C.
        in_channels (int): Channels D of the feature map.
        embed_dims (int): Width E of the word vectors. Defaults to 300.
        hidden_channels (int): Width between the layers of the graph network.
            Defaults to 1024.
        loss (dict): Loss of the labels. Defaults to the binary cross-entropy.
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
        loss: dict = dict(  # noqa: B006
            type='CrossEntropyLoss', use_sigmoid=True
        ),
        thr: float | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(loss=loss, thr=thr, topk=topk, init_cfg=init_cfg)
        self.num_classes = num_classes
        self.gcn = LabelGCN(embed_dims, hidden_channels, in_channels)
        self.transform = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, 1, bias=False),
            nn.BatchNorm2d(in_channels),
        )
        self.class_map = nn.Sequential(
            nn.Conv2d(in_channels, num_classes, 1, bias=False),
            nn.BatchNorm2d(num_classes),
        )

    def attend(self, feats: Sequence[Tensor]) -> LabelMaps:
        """Logits, and the attention of the labels.

        Args:
            feats (Sequence[Tensor]): Feature map F, (B, D, h, w), word
                vectors, (C, E), and graph, (C, C), of a ``CorrelationNeck``.

        Returns:
            LabelMaps: Logits, (B, C), and z, (B, C, h, w), each map of sum 1,
            or 0 where nothing is like the label.

        Raises:
            ValueError: If the inputs have other shapes.
        """
        self.gcn.check(self, feats)
        feature, *graph = feats
        labels = F.normalize(self.gcn(*graph), dim=1)
        positions = F.normalize(self.transform(feature).float(), dim=1)
        alike = torch.einsum('cd,bdhw->bchw', labels.to(positions), positions)
        attention = F.normalize(alike.relu().flatten(2), p=1, dim=2)
        attention = attention.view_as(alike)
        logits = (attention * self.class_map(feature)).sum((2, 3))
        return LabelMaps(logits, attention)

    def pre_logits(self, feats: Sequence[Tensor]) -> Tensor:
        """Features of the labels in the image, Σ_p z_cp F_p, (B, C, D)."""
        attention = self.attend(feats).spatial
        return torch.einsum('bchw,bdhw->bcd', attention, feats[0])

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Logits, (B, C). See :meth:`attend`."""
        return self.attend(feats).logits
