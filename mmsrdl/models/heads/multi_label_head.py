"""What the heads of one loss over the labels have in common."""

from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.structures import DataSample
from torch import Tensor

from .multi_label_targets import masked_mean, stack_targets


class MultiLabelHead(MultiLabelClsHead):
    """MMPretrain's head but for the loss, for heads to derive from.

    The loss is the mean over the known labels of the batch, not the sum over
    all classes, and labels of -1 count for nothing.
    """

    def _get_loss(
        self, cls_score: Tensor, data_samples: list[DataSample], **kwargs
    ) -> dict[str, Tensor]:
        target = stack_targets(data_samples, cls_score)
        loss = masked_mean(self.loss_module, cls_score, target, **kwargs)
        return dict(loss=loss)
