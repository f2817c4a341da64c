"""How often labels occur in the training data, told to ACfs."""

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from .acfs_head import ACfsHead


@HOOKS.register_module()
class PositiveRatioHook(Hook):
    """Sets ``positive_ratio`` of an ``ACfsHead`` before training.

    It is counted over the data set of the training, and nothing else.
    """

    def before_train(self, runner: Runner) -> None:
        """Count, and set what was counted.

        Raises:
            ValueError: If there is no such head, or the data set has another
                number of classes.
        """
        modules = runner.model.modules()
        head = next((m for m in modules if isinstance(m, ACfsHead)), None)
        if head is None:
            raise ValueError(
                'PositiveRatioHook found no ACfsHead to tell how often labels '
                'occur: remove the hook.'
            )
        ratio = count_positives(runner.train_dataloader.dataset)
        if len(ratio) != head.num_classes:
            raise ValueError(
                f'ACfsHead has num_classes={head.num_classes}, but the '
                f'training data set has {len(ratio)} classes: set num_classes '
                'of the head to that.'
            )
        head.positive_ratio.copy_(head.positive_ratio.new_tensor(ratio))


def count_positives(dataset: BaseDataset) -> np.ndarray:
    """Share of images that show each class, of those where it is known.

    Args:
        dataset (BaseDataset): Entries have ``gt_score`` (C,), -1 where
            unknown, or ``gt_label``.

    Returns:
        np.ndarray: In [0, 1], 0 for a class that is nowhere known, (C,).
    """
    num_classes = len(dataset.metainfo['classes'])
    positives, known = np.zeros((2, num_classes))
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        if 'gt_score' in info:
            score = np.asarray(info['gt_score'])
        else:
            score = np.zeros(num_classes)
            score[info['gt_label']] = 1
        positives += score.clip(min=0)
        known += score >= 0
    return positives / known.clip(min=1)
