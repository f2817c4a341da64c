"""The plain head of the baselines."""

from mmpretrain.models.heads import MultiLabelLinearClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor

from .multi_label_targets import masked_mean, stack_targets


@MODELS.register_module()
class MultiLabelLinearHead(MultiLabelLinearClsHead):
    """A linear classifier of pooled features, trained as CARHead is.

    MMPretrain's head but for the loss: the mean over the known labels of the
    batch, not the sum over all classes, and labels of -1 count for nothing.
    Takes the arguments of MMPretrain's ``MultiLabelLinearClsHead``.
    """

    def _get_loss(
        self, cls_score: Tensor, data_samples: list[DataSample], **kwargs
    ) -> dict[str, Tensor]:
        target = stack_targets(data_samples, cls_score)
        loss = masked_mean(self.loss_module, cls_score, target, **kwargs)
        return dict(loss=loss)
