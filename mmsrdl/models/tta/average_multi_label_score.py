"""Test-time augmentation for several labels per image."""

import torch
from mmpretrain.models import AverageClsScoreTTA
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class AverageMultiLabelScoreTTA(AverageClsScoreTTA):
    """Average the scores over views, and predict the labels from them.

    MMPretrain's ``AverageClsScoreTTA`` averages the scores as well, but
    keeps the labels that were predicted for the first view.

    Args:
        module (dict | nn.Module): A classifier whose head is a
            ``MultiLabelClsHead``; its ``thr`` or ``topk`` choose the labels.
        **kwargs: As in MMEngine's ``BaseTTAModel``.
    """

    def _merge_single_sample(
        self, data_samples: list[DataSample]
    ) -> DataSample:
        """Merge the predictions for the views of one image."""
        merged = super()._merge_single_sample(data_samples)
        head = self.module.head
        if head.thr is not None:
            labels = torch.where(merged.pred_score >= head.thr)[0]
        else:
            labels = merged.pred_score.topk(head.topk).indices
        return merged.set_pred_label(labels)
