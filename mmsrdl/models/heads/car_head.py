"""Category-attention head of SRDL (§3.1-3.3, eqs. 3-13)."""

import torch
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ..layers import (
    IMPLEMENTATIONS,
    AttentionImplementation,
    CategoryAttention,
    EvaluationCache,
    ObjectErasing,
    check_inputs,
    find_implementation,
)
from ..layers.category_attention import first_max
from .multi_label_targets import masked_mean, stack_targets


@MODELS.register_module()
class CARHead(MultiLabelClsHead):
    """Category-specific attentional regions (CAR), with object erasing (OE).

    With g_c = f_w(x_c) for each label, the feature map F is attended by

    - channel, CA_c = σ(f_c(tanh(f_ca(GMP(F)) ⊙ g_c))),
    - position, SA_c,p = σ(f_s(tanh(f_sa(F_p) ⊙ g_c))),

    and f_c = GMP(½ F ⊙ SA_c + ½ F ⊙ CA_c), logit_c = ⟨w_c, f_c⟩ + b_c. With
    one attention switched off f_c = GMP(F ⊙ the other).

    In training with erasing, the spatial attention of the highest-scoring
    categories is cut at its peak and they are scored again; the others keep
    their logits, exactly, as a category's logit depends on its own attention
    alone. Both sets of logits are trained on the same target.

    Args:
        num_classes (int): Number of categories C.
        in_channels (int): Channels D of the feature map.
        embed_dims (int): Width E of the label features. Defaults to 300.
        hidden_channels (int, optional): Width of the products under the
            tanh. Defaults to None, ``in_channels`` as in the paper.
        channel_attention (bool): Whether CA exists. Defaults to True.
        spatial_attention (bool): Whether SA exists. Defaults to True.
        erasing (dict | ObjectErasing, optional): Arguments of
            :class:`~mmsrdl.models.layers.ObjectErasing`, or one. Defaults to
            None, no erasing.
        attention_impl (str): ``'reference'``, the equations literally;
            ``'per_category'``, equal and lean; ``'numba'`` for CPUs and
            ``'triton'`` for CUDA, equal and fused; or ``'auto'``, the best
            there is for the device. Defaults to ``'auto'``.
        loss (dict): Loss, any of MMPretrain's that works on (B, C) targets.
            Defaults to ``dict(type='CrossEntropyLoss', use_sigmoid=True)``.
        thr (float, optional): Score from which a label is predicted.
            Defaults to None: 0.5 unless ``topk`` is given.
        topk (int, optional): Number of labels predicted instead. Defaults to
            None.
        init_cfg (dict, optional): Initialisation. Defaults to None.

    Raises:
        ValueError: If both attentions are off, erasing lacks spatial
            attention, or ``attention_impl`` is unknown.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        embed_dims: int = 300,
        hidden_channels: int | None = None,
        channel_attention: bool = True,
        spatial_attention: bool = True,
        erasing: dict | ObjectErasing | None = None,
        attention_impl: str = 'auto',
        loss: dict = dict(type='CrossEntropyLoss', use_sigmoid=True),  # noqa: B006
        thr: float | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(loss=loss, thr=thr, topk=topk, init_cfg=init_cfg)
        if not (channel_attention or spatial_attention):
            raise ValueError(
                'CARHead needs channel_attention, spatial_attention or both.'
            )
        if erasing is not None and not spatial_attention:
            raise ValueError(
                'Object erasing cuts the spatial attention: it needs '
                'spatial_attention=True.'
            )
        if attention_impl not in ('auto', *IMPLEMENTATIONS):
            raise ValueError(
                f'attention_impl must be auto or one of '
                f'{", ".join(IMPLEMENTATIONS)}, got {attention_impl!r}.'
            )
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.channel_attention = channel_attention
        self.spatial_attention = spatial_attention
        self.attention_impl = attention_impl
        if isinstance(erasing, dict):
            erasing = ObjectErasing(**erasing)
        if not isinstance(erasing, ObjectErasing | None):
            raise TypeError(
                'erasing must be a dict of topk and alpha, an ObjectErasing '
                f'or None, got {erasing!r}.'
            )
        self.erasing = erasing

        hidden = hidden_channels or in_channels
        self.f_w = nn.Linear(embed_dims, hidden)
        if channel_attention:
            self.f_ca = nn.Linear(in_channels, hidden)
            self.f_c = nn.Linear(hidden, in_channels)
        if spatial_attention:
            self.f_sa = nn.Linear(in_channels, hidden)
            self.f_s = nn.Linear(hidden, 1)
        self.classifier = nn.Linear(in_channels, num_classes)
        self._cache = EvaluationCache()

    # --- equations ---------------------------------------------------------

    def attend(self, feats: tuple[Tensor, Tensor]) -> CategoryAttention:
        """Attend to each category.

        Args:
            feats (tuple[Tensor, Tensor]): Feature map F, (B, D, h, w), and
                label features X, (C, E), of the label-graph neck.

        Returns:
            CategoryAttention: Logits, features and attention; see there.
        """
        self._check(feats)
        feature, guide = _flatten(feats[0]), self._guide(feats[1])
        channel = self._channel(feature, guide)
        spatial = self._spatial(feature, guide)
        features = self._pool(feature, spatial, channel)
        if spatial is not None:
            spatial = spatial.unflatten(2, feats[0].shape[2:])
        return CategoryAttention(
            self._classify(features), features, spatial, channel
        )

    def _check(self, feats: tuple[Tensor, Tensor]) -> None:
        check_inputs(
            self,
            feats,
            [
                ('B', self.in_channels, 'h', 'w'),
                (self.num_classes, self.f_w.in_features),
            ],
            'That is a feature map and label features, as LabelGraphNeck '
            'gives them. Check the neck, num_classes, in_channels and '
            'embed_dims.',
        )

    def _guide(self, labels: Tensor) -> Tensor:
        """The guide g = f_w(x), (C, H), in float32 whatever autocast says."""
        with torch.autocast(labels.device.type, enabled=False):
            return self._cache(
                lambda: self.f_w(labels),
                labels,
                self.f_w.weight,
                self.f_w.bias,
            )

    def _channel(self, feature: Tensor, guide: Tensor) -> Tensor | None:
        """CA, (B, C, D)."""
        if not self.channel_attention:
            return None
        pooled = self.f_ca(first_max(feature, 1))
        product = torch.tanh(pooled[:, None] * guide.to(pooled))
        return self.f_c(product).sigmoid()

    def _spatial(self, feature: Tensor, guide: Tensor) -> Tensor | None:
        """SA, (B, C, P)."""
        if not self.spatial_attention:
            return None
        positions = self.f_sa(feature)
        implementation = self._implementation(positions)
        logits = implementation.spatial_logits(
            positions, guide.to(positions), self.f_s.weight[0].to(positions)
        )
        return (logits + self.f_s.bias).sigmoid()

    def _pool(
        self, feature: Tensor, spatial: Tensor | None, channel: Tensor | None
    ) -> Tensor:
        """f_c, (B, K, D), of the K categories of the given attention."""
        return self._implementation(feature).pool(feature, spatial, channel)

    def _implementation(self, tensor: Tensor) -> AttentionImplementation:
        return find_implementation(self.attention_impl, tensor.device)

    def _classify(
        self, features: Tensor, categories: Tensor | None = None
    ) -> Tensor:
        """⟨w_c, f_c⟩ + b_c, (B, K), of all or the given (B, K) categories."""
        weight, bias = self.classifier.weight, self.classifier.bias
        if categories is not None:
            weight, bias = weight[categories], bias[categories]
        return (features * weight).sum(-1) + bias

    def erase(
        self, feats: tuple[Tensor, Tensor], attention: CategoryAttention
    ) -> Tensor:
        """Score again with the highest-scoring categories erased.

        Args:
            feats (tuple[Tensor, Tensor]): As for :meth:`attend`.
            attention (CategoryAttention): What it returned.

        Returns:
            Tensor: Logits, (B, C), equal to those of ``attention`` but for
            ``topk`` categories of each image.
        """
        topk = min(self.erasing.topk, self.num_classes)
        order = attention.logits.detach().argsort(
            dim=1, descending=True, stable=True
        )
        chosen = order[:, :topk]
        image = torch.arange(len(chosen), device=chosen.device)[:, None]

        spatial = attention.spatial[image, chosen]
        keep = self.erasing(spatial.detach().flatten(0, 1)).view_as(spatial)
        spatial = spatial.masked_fill(~keep, 0)
        channel = attention.channel
        if channel is not None:
            channel = channel[image, chosen]
        features = self._pool(_flatten(feats[0]), spatial.flatten(2), channel)
        erased = self._classify(features, chosen)
        return attention.logits.scatter(1, chosen, erased)

    # --- interface of a classification head ---------------------------------

    def pre_logits(self, feats: tuple[Tensor, Tensor]) -> Tensor:
        """Category features f_c, (B, C, D)."""
        return self.attend(feats).features

    def forward(self, feats: tuple[Tensor, Tensor]) -> Tensor:
        """Logits, (B, C). See :meth:`attend`."""
        return self.attend(feats).logits

    def loss(
        self,
        feats: tuple[Tensor, Tensor],
        data_samples: list[DataSample],
        **kwargs,
    ) -> dict[str, Tensor]:
        """Training losses (SRDL eqs. 11-13), mean over the known labels.

        Args:
            feats (tuple[Tensor, Tensor]): As for :meth:`attend`.
            data_samples (list[DataSample]): Each with ``gt_score`` (C,), of
                which -1 means unknown, or ``gt_label``.
            **kwargs: For the loss module.

        Returns:
            dict[str, Tensor]: ``loss``; or with erasing configured
            ``loss_ori`` and ``loss_era``, equal while it is switched off.
        """
        attention = self.attend(feats)
        target = stack_targets(data_samples, attention.logits)

        def loss_of(logits: Tensor) -> Tensor:
            return masked_mean(self.loss_module, logits, target, **kwargs)

        loss = loss_of(attention.logits)
        if self.erasing is None:
            return dict(loss=loss)
        if not (self.training and self.erasing.enabled):
            return dict(loss_ori=loss, loss_era=loss)
        return dict(
            loss_ori=loss, loss_era=loss_of(self.erase(feats, attention))
        )

    def _get_predictions(
        self, cls_score: Tensor, data_samples: list[DataSample] | None
    ) -> list[DataSample]:
        """Set scores and labels, after one copy of the batch to the host."""
        return super()._get_predictions(cls_score.float().cpu(), data_samples)


def _flatten(feature: Tensor) -> Tensor:
    """The feature map by positions, (B, D, h, w) to (B, P, D)."""
    return feature.flatten(2).transpose(1, 2).contiguous()
