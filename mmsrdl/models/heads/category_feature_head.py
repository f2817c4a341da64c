"""A classifier of each category, on features of its own."""

from mmpretrain.registry import MODELS
from torch import Tensor

from ..layers import (
    CategoryAttention,
    SemanticAttention,
    SemanticDecoupling,
    check_inputs,
)
from .multi_label_linear_head import MultiLabelLinearHead

for _layer in (SemanticAttention, SemanticDecoupling):
    MODELS.register_module(module=_layer)


@MODELS.register_module()
class CategoryFeatureHead(MultiLabelLinearHead):
    """Scores logit_c = ⟨w_c, f_c⟩ + b_c of the features f_c of a layer.

    The layer takes the positions of the feature map, (B, P, D), then what the
    neck gives beside the map, as the label embeddings (C, E) of a
    ``LabelGraphNeck``. It returns the features (B, C, O) of the categories
    and their attention (B, C, P). Trained as CARHead is without erasing.

    Args:
        num_classes (int): Number of categories C.
        in_channels (int): Width O of the features of a category.
        layer (dict): The layer, by the name of a module in ``MODELS``:
            ``SemanticAttention``, ``SemanticDecoupling`` or your own.
        init_cfg (dict, optional): Initialisation. Defaults to None, with
            which all starts as PyTorch starts it, as in CARHead.
        **kwargs: ``loss``, ``thr`` and ``topk``, as of
            :class:`MultiLabelLinearHead`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        layer: dict,
        init_cfg: dict | None = None,
        **kwargs,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg=init_cfg, **kwargs)
        self.layer = MODELS.build(layer)

    def attend(self, feats: tuple[Tensor, ...]) -> CategoryAttention:
        """Attend to each category and score it.

        Args:
            feats (tuple[Tensor]): Feature map, (B, D, h, w), and what else
                the layer takes.

        Returns:
            CategoryAttention: Logits, features and spatial attention.

        Raises:
            ValueError: If the layer has features of other shapes.
        """
        feature, *others = feats
        positions = feature.flatten(2).transpose(1, 2)
        features, attention = self.layer(positions, *others)
        check_inputs(
            self,
            [features],
            [('B', *self.fc.weight.shape)],
            'That is what its layer returns. Check num_classes and '
            'in_channels of head, layer and neck.',
        )
        return CategoryAttention(
            self.classify(features),
            features,
            attention.unflatten(2, feature.shape[2:]),
            None,
        )

    def classify(self, features: Tensor) -> Tensor:
        """⟨w_c, f_c⟩ + b_c, (B, C), of features (B, C, O)."""
        return (features * self.fc.weight).sum(-1) + self.fc.bias

    def pre_logits(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Category features f_c, (B, C, O)."""
        return self.attend(feats).features

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Logits, (B, C). See :meth:`attend`."""
        return self.attend(feats).logits
