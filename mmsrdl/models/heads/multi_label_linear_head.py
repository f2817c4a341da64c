"""The plain head of the baselines."""

from mmpretrain.models.heads import MultiLabelLinearClsHead
from mmpretrain.registry import MODELS

from .multi_label_head import MultiLabelHead


@MODELS.register_module()
class MultiLabelLinearHead(MultiLabelHead, MultiLabelLinearClsHead):
    """A linear classifier of pooled features, trained as CARHead is.

    MMPretrain's ``MultiLabelLinearClsHead``, whose arguments it takes, with
    the loss of :class:`MultiLabelHead`.
    """
