"""Head of the spatial-context-aware network: two branches of patches."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmsrdl.apis import LabelMaps
from mmsrdl.models.heads.multi_label_targets import masked_mean, stack_targets

from .patch_generator import Candidates, PatchGenerator, expand_patches
from .patch_pooling import pool_patches
from .patch_targets import list_objects, patch_losses


class PatchScores(NamedTuple):
    """What the branches make of the patches of B images.

    Attributes:
        candidates (Candidates): What the patches were chosen from.
        tight (Tensor): Boxes of the object branch in [0, 1], (B, N, 4).
        expanded (Tensor): Those of the context branch, (B, N, 4).
        objects (Tensor): Logits of the tight patches, (B, N, C).
        context (Tensor): Logits of the expanded ones, (B, N, C).
    """

    candidates: Candidates
    tight: Tensor
    expanded: Tensor
    objects: Tensor
    context: Tensor


@MODELS.register_module()
class SpatialContextHead(MultiLabelClsHead):
    """Classifies tight patches of objects, and the same with surroundings.

    Both branches take the N patches that the generator is most confident of.
    The logit of a label in a branch is the largest of its patches, and the
    prediction is the mean of the two branches.

    Args:
        num_classes (int): Number of categories C.
        in_channels (int): Channels D of the pyramid.
        hidden_channels (int): Width of the hidden layer of each label
            predictor. Defaults to 1024.
        num_patches (int): Patches N of each branch. Defaults to 16.
        expansion (float): How many times as wide and high as the tight patch
            the expanded one is. Defaults to 2.0.
        pool_size (int): Side of the grid that is pooled from a patch.
            Defaults to 7.
        anchor_sizes (Sequence[float]): Side of the anchors of each stage of
            the pyramid, in units of the image. Defaults to
            ``(1 / 12, 1 / 6, 1 / 3, 2 / 3)``.
        anchor_ratios (Sequence[float]): Their ratios of height to width.
            Defaults to ``(0.5, 1.0, 2.0)``.
        num_candidates (int): How many boxes the patches are chosen from, by
            overlap. Defaults to 256.
        max_overlap (float): Largest IoU of two patches. Defaults to 0.5.
        negative_iou (float): See :func:`match_anchors`. Defaults to 0.3.
        positive_iou (float): See there. Defaults to 0.5.
        location_weight (float): Weight of the loss of the location
            regressor. Defaults to 1.0.
        patch_weight (float): That of the patch classifier. Defaults to 1.0.
        init_cfg (dict, optional): Initialisation. Defaults to None.
        **kwargs: ``loss``, ``thr`` and ``topk`` of MMPretrain's
            ``MultiLabelClsHead``.

    Raises:
        ValueError: If an option is out of its range.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        hidden_channels: int = 1024,
        num_patches: int = 16,
        expansion: float = 2.0,
        pool_size: int = 7,
        anchor_sizes: Sequence[float] = (1 / 12, 1 / 6, 1 / 3, 2 / 3),
        anchor_ratios: Sequence[float] = (0.5, 1.0, 2.0),
        num_candidates: int = 256,
        max_overlap: float = 0.5,
        negative_iou: float = 0.3,
        positive_iou: float = 0.5,
        location_weight: float = 1.0,
        patch_weight: float = 1.0,
        init_cfg: dict | None = None,
        **kwargs,
    ) -> None:
        super().__init__(init_cfg=init_cfg, **kwargs)
        counts = num_classes, num_patches, num_candidates, pool_size
        if min(counts) < 1 or expansion <= 1 or max_overlap <= 0:
            raise ValueError(
                'SpatialContextHead needs num_classes, num_patches, '
                'num_candidates and pool_size >= 1, expansion > 1 and '
                f'max_overlap > 0, got {", ".join(map(str, counts))}, '
                f'{expansion} and {max_overlap}.'
            )
        if not 0 < negative_iou <= positive_iou <= 1:
            raise ValueError(
                'SpatialContextHead needs 0 < negative_iou <= positive_iou '
                f'<= 1, got {negative_iou} and {positive_iou}.'
            )
        self.num_classes = num_classes
        self.expansion = expansion
        self.pool_size = pool_size
        self.negative_iou = negative_iou
        self.positive_iou = positive_iou
        self.location_weight = location_weight
        self.patch_weight = patch_weight
        self.generator = PatchGenerator(
            in_channels,
            anchor_sizes,
            anchor_ratios,
            num_patches,
            num_candidates,
            max_overlap,
        )

        def make_predictor() -> nn.Module:
            return nn.Sequential(
                nn.Flatten(2),
                nn.Linear(in_channels * pool_size**2, hidden_channels),
                nn.ReLU(inplace=True),
                nn.Linear(hidden_channels, num_classes),
            )

        self.object_predictor = make_predictor()
        self.context_predictor = make_predictor()

    def score_patches(self, feats: tuple[Tensor, ...]) -> PatchScores:
        """Find the patches, and classify them by both branches.

        Args:
            feats (tuple[Tensor]): Maps of the pyramid, one for each of
                ``anchor_sizes``, from high to low resolution, (B, D, h, w).

        Returns:
            PatchScores: The patches have no gradient, their scores have.
        """
        candidates = self.generator(feats)
        tight = self.generator.generate(candidates)
        expanded = expand_patches(tight, self.expansion)
        objects, context = (
            predictor(
                pool_patches(
                    feats, patches, self.generator.sizes, self.pool_size
                )
            )
            for predictor, patches in (
                (self.object_predictor, tight),
                (self.context_predictor, expanded),
            )
        )
        return PatchScores(candidates, tight, expanded, objects, context)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Logits, (B, C), of the maps of the pyramid."""
        return self._fuse(self.score_patches(feats))

    def attend(self, feats: tuple[Tensor, ...]) -> LabelMaps:
        """Logits, and where the patches are that speak for a label.

        The maps are of the object branch alone, and of tight patches; half
        of a logit is the context branch, which no map shows.

        Args:
            feats (tuple[Tensor]): As for :meth:`score_patches`.

        Returns:
            LabelMaps: Logits, (B, C), and maps in [0, 1), (B, C, h, w), of
            the size of the first map: the largest probability of all tight
            patches around a position, 0 outside of them.
        """
        scores = self.score_patches(feats)
        inside = _cover(scores.tight, feats[0].shape[2:])
        maps = inside.new_zeros(())
        for cells, patch in zip(
            inside.unbind(1), scores.objects.sigmoid().unbind(1), strict=True
        ):
            maps = torch.maximum(maps, cells[:, None] * patch[..., None, None])
        return LabelMaps(self._fuse(scores), maps)

    def loss(
        self,
        feats: tuple[Tensor, ...],
        data_samples: list[DataSample],
        **kwargs,
    ) -> dict[str, Tensor]:
        """Losses of location regressor, patch classifier and predictors.

        Args:
            feats (tuple[Tensor]): As for :meth:`score_patches`.
            data_samples (list[DataSample]): Each with ``gt_score`` (C,), of
                which -1 means unknown, or ``gt_label``; and with boxes, see
                :func:`list_objects`.
            **kwargs: For the loss module.

        Returns:
            dict[str, Tensor]: ``loss_location``, ``loss_patch`` and
            ``loss_label``, the last one the sum over the classes, as mean
            over the known labels times their number.
        """
        scores = self.score_patches(feats)
        logits = self._fuse(scores)
        target = stack_targets(data_samples, logits)
        location, patch = patch_losses(
            scores.candidates,
            list_objects(data_samples, logits.device),
            self.negative_iou,
            self.positive_iou,
        )
        label = masked_mean(self.loss_module, logits, target, **kwargs)
        return dict(
            loss_location=self.location_weight * location,
            loss_patch=self.patch_weight * patch,
            loss_label=self.num_classes * label,
        )

    @staticmethod
    def _fuse(scores: PatchScores) -> Tensor:
        """Mean of both branches of the largest logit of their patches."""
        return (scores.objects.amax(1) + scores.context.amax(1)) / 2


def _cover(patches: Tensor, shape: Sequence[int]) -> Tensor:
    """Whether the centre of a cell is in a patch, as 0 or 1.

    Args:
        patches (Tensor): x1, y1, x2, y2 in units of the image, (B, N, 4).
        shape (Sequence[int]): Height h and width w of the map.

    Returns:
        Tensor: (B, N, h, w), the type of the patches.
    """
    height, width = shape
    y = (torch.arange(height).to(patches) + 0.5)[:, None] / height
    x = (torch.arange(width).to(patches) + 0.5) / width
    x1, y1, x2, y2 = patches[..., None, None].unbind(2)
    inside = (x1 <= x) & (x < x2) & (y1 <= y) & (y < y2)
    return inside.to(patches)
