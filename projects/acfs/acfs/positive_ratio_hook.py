"""How often labels occur in the training data, told to ACfs."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from mmsrdl.datasets.label_counting import count_positives
from mmsrdl.main_rank import on_main_rank

from .acfs_head import ACfsHead


@HOOKS.register_module()
class PositiveRatioHook(Hook):
    """Sets ``positive_ratio`` of an ``ACfsHead`` before training.

    It is counted over the data set of the training, and nothing else, on
    rank 0 for all.
    """

    def before_train(self, runner: Runner) -> None:
        """Count, and set what was counted.

        Raises:
            ValueError: If there is no such head, or the data set has another
                number of classes, or is for testing.
            RuntimeError: On the other ranks, if rank 0 could not count.
        """
        modules = runner.model.modules()
        head = next((m for m in modules if isinstance(m, ACfsHead)), None)
        if head is None:
            raise ValueError(
                'PositiveRatioHook found no ACfsHead to tell how often labels '
                'occur: remove the hook.'
            )
        dataset = runner.train_dataloader.dataset
        ratio = on_main_rank(lambda: count_positives(dataset))
        if len(ratio) != head.num_classes:
            raise ValueError(
                f'ACfsHead has num_classes={head.num_classes}, but the '
                f'training data set has {len(ratio)} classes: set num_classes '
                'of the head to that.'
            )
        head.positive_ratio.copy_(head.positive_ratio.new_tensor(ratio))
