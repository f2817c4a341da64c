"""Head of DSDL: the coefficients of an image are the scores of labels."""

import torch
import torch.nn.functional as F
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor

from mmsrdl.apis import LabelMaps
from mmsrdl.models.heads.multi_label_targets import masked_mean, stack_targets
from mmsrdl.models.layers import (
    EvaluationCache,
    check_inputs,
    class_activation_maps,
)

from .semantic_dictionary import SemanticDictionary, ridge_projection, widen

LEAST_COSINE = 0.01
"""Least divisor of the loss, which would explode near 0 and turn below."""


@MODELS.register_module()
class DSDLHead(MultiLabelClsHead):
    """Deep semantic dictionary learning (DSDL, AAAI 2021).

    With f = GMP(F) of an image, and the dictionary D and the embeddings Ê of
    a :class:`SemanticDictionary` on the label embeddings E, the logits are

        s = (D Dᵀ + λ I)⁻¹ D f,

    and in training, over the images of a batch,

        L = [L_labels(s) + β (‖s D - f‖_F + λ ‖s‖_F)] / mean_c cos(E_c, Ê_c).

    Args:
        num_classes (int): Labels C.
        in_channels (int): Channels of the feature map.
        embed_dims (int): Width of the label embeddings. Defaults to 300.
        hidden_channels (int): Width inside the dictionary. Defaults to 1024.
        ridge (float): λ > 0. Defaults to 0.1.
        reconstruction_weight (float): β. Defaults to 1e-6.
        loss (dict): Loss of the labels. Defaults to
            ``dict(type='CrossEntropyLoss', use_sigmoid=True)``.
        thr (float, optional): Score from which a label is predicted.
            Defaults to None: 0.5 unless ``topk`` is given.
        topk (int, optional): Number of labels predicted instead. Defaults to
            None.
        init_cfg (dict, optional): Initialisation. Defaults to None.

    Raises:
        ValueError: If ``ridge`` is not positive.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        embed_dims: int = 300,
        hidden_channels: int = 1024,
        ridge: float = 0.1,
        reconstruction_weight: float = 1e-6,
        loss: dict = dict(type='CrossEntropyLoss', use_sigmoid=True),  # noqa: B006
        thr: float | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(loss=loss, thr=thr, topk=topk, init_cfg=init_cfg)
        if ridge <= 0:
            raise ValueError(f'DSDLHead needs ridge > 0, got {ridge}.')
        self.num_classes = num_classes
        self.ridge = ridge
        self.reconstruction_weight = reconstruction_weight
        self.dictionary = SemanticDictionary(
            embed_dims, hidden_channels, in_channels
        )
        self._cache = EvaluationCache()

    def project(self, labels: Tensor) -> Tensor:
        """(D Dᵀ + λ I)⁻¹ D, (C, in_channels), solved in float32 at least.

        Computed once in evaluation on a CPU; see
        :class:`~mmsrdl.models.layers.EvaluationCache`.

        Args:
            labels (Tensor): Label embeddings E, (C, embed_dims); the result
                is of their dtype.
        """
        with torch.autocast(labels.device.type, enabled=False):
            return self._cache(
                lambda: ridge_projection(
                    self.dictionary.encode(labels), self.ridge
                ).to(labels),
                labels,
                self.dictionary.w_1,
                self.dictionary.w_2,
            )

    def attend(self, feats: tuple[Tensor, Tensor]) -> LabelMaps:
        """Logits, and what each position would add to them.

        Args:
            feats (tuple[Tensor, Tensor]): As for :meth:`forward`.

        Returns:
            LabelMaps: Logits, (B, C), and class activation maps of any sign,
            (B, C, h, w).
        """
        logits = self(feats)
        maps = class_activation_maps(feats[0], self.project(feats[1]))
        return LabelMaps(logits, maps)

    def pre_logits(self, feats: tuple[Tensor, Tensor]) -> Tensor:
        """Features f = GMP(F), (B, in_channels). See :meth:`forward`."""
        embed_dims, _ = self.dictionary.w_1.shape
        _, in_channels = self.dictionary.w_2.shape
        check_inputs(
            self,
            feats,
            [('B', in_channels, 'h', 'w'), (self.num_classes, embed_dims)],
            'That is a feature map and label embeddings, as LabelGraphNeck '
            'gives them. Check the neck, num_classes, in_channels and '
            'embed_dims.',
        )
        return feats[0].amax((2, 3))

    def forward(self, feats: tuple[Tensor, Tensor]) -> Tensor:
        """Logits, (B, C).

        Args:
            feats (tuple[Tensor, Tensor]): Feature map, (B, in_channels, h,
                w), and label embeddings, (C, embed_dims), of a
                ``LabelGraphNeck`` with ``num_layers=0``.

        Raises:
            ValueError: If the inputs have other shapes.
        """
        return F.linear(self.pre_logits(feats), self.project(feats[1]))

    def loss(
        self,
        feats: tuple[Tensor, Tensor],
        data_samples: list[DataSample],
        **kwargs,
    ) -> dict[str, Tensor]:
        """Training losses.

        Args:
            feats (tuple[Tensor, Tensor]): As for :meth:`forward`.
            data_samples (list[DataSample]): Each with ``gt_score`` (C,), of
                which -1 means unknown, or ``gt_label``.
            **kwargs: For the loss module.

        Returns:
            dict[str, Tensor]: ``loss`` of the labels, mean over those that
            are known, and ``loss_reconstruction``, both over the mean
            cosine; and that as ``label_cosine``.
        """
        features = widen(self.pre_logits(feats))
        labels = widen(feats[1])
        with torch.autocast(labels.device.type, enabled=False):
            dictionary = self.dictionary.encode(labels)
            scores = features @ ridge_projection(dictionary, self.ridge).T
            target = stack_targets(data_samples, scores)
            error = (scores @ dictionary - features).norm()
            penalty = error + self.ridge * scores.norm()
            cosine = F.cosine_similarity(
                labels, self.dictionary.decode(dictionary)
            ).mean()
            divisor = cosine.clamp(min=LEAST_COSINE)
            loss = masked_mean(self.loss_module, scores, target, **kwargs)
            return dict(
                loss=loss / divisor,
                loss_reconstruction=self.reconstruction_weight
                * penalty
                / divisor,
                label_cosine=cosine.detach(),
            )
