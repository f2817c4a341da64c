"""Head of SRN: what the main net says, and what the attention maps tell."""

from collections.abc import Sequence

import torch
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmsrdl.apis import LabelMaps
from mmsrdl.models.heads.multi_label_targets import masked_mean, stack_targets
from mmsrdl.models.layers import check_inputs

from .spatial_regulariser import SpatialRegulariser

STAGES = dict(
    main=('fc',),
    attention=('attention', 'confidence'),
    regularisation=('regulariser',),
    joint=('fc', 'attention', 'confidence', 'regulariser'),
)
"""What of the head each stage of the training trains."""


@MODELS.register_module()
class SRNHead(MultiLabelClsHead):
    """Spatial regularisation network (SRN, CVPR 2017).

    With X the feature map before the last stage of the backbone and F that
    after it,

    - y_cls = linear classifier of the mean of F over the positions;
    - A_c = softmax of f_att(X)_c over the positions, S = conv(X),
      y_att,c = Σ_p A_cp S_cp;
    - y_sr = f_sr(sigmoid(S) ⊙ A), see :class:`SpatialRegulariser`;
    - y = (y_cls + y_sr) / 2.

    Args:
        num_classes (int): Labels C.
        in_channels (Sequence[int]): Channels of X and of F. Defaults to
            ``(1024, 2048)``.
        map_size (int | Sequence[int]): Height and width of X. The images have
            one size, which f_sr learns for. Defaults to 14, of images of 224
            pixels.
        hidden_channels (int): Width of f_att and of the inner maps of f_sr.
            Defaults to 512.
        num_kernels (int): Kernels that look at each inner map of f_sr.
            Defaults to 4.
        stage (str): What is trained, and predicted: ``'main'``, y_cls;
            ``'attention'``, y_att; ``'regularisation'``, y_sr; or
            ``'joint'``, y, with y_att beside it. The rest of the head is
            frozen; the backbone is left to the config, which freezes all of
            it in the second and third. Defaults to ``'joint'``.
        loss (dict): Loss of the labels. Defaults to the binary cross-entropy.
        thr (float, optional): Score from which a label is predicted.
            Defaults to None: 0.5 unless ``topk`` is given.
        topk (int, optional): Number of labels predicted instead. Defaults to
            None.
        init_cfg (dict, optional): Initialisation. Defaults to None.

    Raises:
        ValueError: If the stage is unknown.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: Sequence[int] = (1024, 2048),
        map_size: int | Sequence[int] = 14,
        hidden_channels: int = 512,
        num_kernels: int = 4,
        stage: str = 'joint',
        loss: dict = dict(  # noqa: B006
            type='CrossEntropyLoss', use_sigmoid=True
        ),
        thr: float | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(loss=loss, thr=thr, topk=topk, init_cfg=init_cfg)
        if stage not in STAGES:
            raise ValueError(
                f'stage must be one of {tuple(STAGES)}, got {stage!r}.'
            )
        self.in_channels = before, after = in_channels
        self.num_classes = num_classes
        self.stage = stage
        self.fc = nn.Linear(after, num_classes)
        self.attention = nn.Sequential(
            nn.Conv2d(before, hidden_channels, 1),
            nn.ReLU(),
            nn.Conv2d(hidden_channels, hidden_channels, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(hidden_channels, num_classes, 1),
        )
        self.confidence = nn.Conv2d(before, num_classes, 1)
        self.regulariser = SpatialRegulariser(
            num_classes, map_size, hidden_channels, num_kernels
        )
        for name, part in self.named_children():
            if name in STAGES['joint']:
                part.requires_grad_(name in STAGES[stage])

    def pre_logits(self, feats: tuple[Tensor, Tensor]) -> Tensor:
        """What the main net classifies, (B, D)."""
        return feats[-1].mean((2, 3))

    def attend(self, feats: tuple[Tensor, Tensor]) -> LabelMaps:
        """Logits, and the attention of the labels.

        Args:
            feats (tuple[Tensor, Tensor]): As for :meth:`forward`.

        Returns:
            LabelMaps: Logits, (B, C), and A, (B, C, h, w), each map of sum 1.
        """
        return LabelMaps(self(feats), self._attend(feats[-2]))

    def forward(self, feats: tuple[Tensor, Tensor]) -> Tensor:
        """Logits, (B, C): y, or what the stage trains instead.

        Args:
            feats (tuple[Tensor, Tensor]): X, (B, D', h, w), and F,
                (B, D, h', w').

        Raises:
            ValueError: If the inputs have other shapes, or f_sr is asked for
                maps of another size than its own.
        """
        return self._score(feats)['loss']

    def loss(
        self,
        feats: tuple[Tensor, Tensor],
        data_samples: list[DataSample],
        **kwargs,
    ) -> dict[str, Tensor]:
        """Losses of the stage, each the mean over the known labels.

        Args:
            feats (tuple[Tensor, Tensor]): As for :meth:`forward`.
            data_samples (list[DataSample]): Each with ``gt_score`` (C,), of
                which -1 means unknown, or ``gt_label``.
            **kwargs: For the loss module.

        Returns:
            dict[str, Tensor]: ``loss``, and ``loss_attention`` of y_att in
            the joint stage.

        Raises:
            ValueError: If the stage leaves out y_cls, but the last stage of
                the backbone trains: it would have no gradient, and the
                statistics of its BatchNorm would change nevertheless.
        """
        scores = self._score(feats)
        if 'fc' not in STAGES[self.stage] and feats[-1].requires_grad:
            raise ValueError(
                f'Stage {self.stage!r} trains a part of SRNHead alone: set '
                'model.backbone.frozen_stages=4.'
            )
        target = stack_targets(data_samples, scores['loss'])
        return {
            name: masked_mean(self.loss_module, logits, target, **kwargs)
            for name, logits in scores.items()
        }

    def _score(self, feats: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """Logits that the stage trains, (B, C) each, by their loss."""
        before, after = self.in_channels
        check_inputs(
            self,
            feats,
            [('B', before, 'h', 'w'), ('B', after, "h'", "w'")],
            'That is the maps before and after the last stage of the '
            'backbone: set neck=None and backbone.out_indices=(2, 3).',
        )
        if self.stage == 'main':
            return dict(loss=self._classify(feats))
        attention = self._attend(feats[-2])
        confidence = self.confidence(feats[-2])
        attended = (attention * confidence).sum((2, 3))
        if self.stage == 'attention':
            return dict(loss=attended)
        regularised = self.regulariser(confidence.sigmoid() * attention)
        if self.stage == 'regularisation':
            return dict(loss=regularised)
        score = (self._classify(feats) + regularised) / 2
        return dict(loss=score, loss_attention=attended)

    def _classify(self, feats: tuple[Tensor, Tensor]) -> Tensor:
        return self.fc(self.pre_logits(feats))

    def _attend(self, feature: Tensor) -> Tensor:
        logits = self.attention(feature)
        dtype = torch.promote_types(logits.dtype, torch.float32)
        maps = logits.flatten(2).softmax(2, dtype=dtype)
        return maps.view_as(logits)
