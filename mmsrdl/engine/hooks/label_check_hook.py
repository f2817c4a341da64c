"""Checks of the label graph before a training run starts."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from mmsrdl.models.necks import LabelGraphNeck


@HOOKS.register_module()
class LabelCheckHook(Hook):
    """Refuses to train a label graph that does not fit the data set.

    A graph whose labels are in another order than the data set's trains
    without a warning, just worse; so does one whose embeddings are all zero.
    Models without a :class:`~mmsrdl.models.necks.LabelGraphNeck` pass.
    """

    def before_train(self, runner: Runner) -> None:
        """Compare, once weights are initialised or loaded.

        Raises:
            ValueError: If names, number or order of the classes differ, or
                the label embedding is all zero.
        """
        dataset = runner.train_dataloader.dataset
        classes = getattr(dataset, 'metainfo', {}).get('classes')
        for neck in runner.model.modules():
            if isinstance(neck, LabelGraphNeck):
                _check_embedding(neck)
                if classes is not None:
                    _check_classes(neck, list(classes))


def _check_embedding(neck: LabelGraphNeck) -> None:
    if not neck.label_embedding.any():
        raise ValueError(
            'The label embedding of LabelGraphNeck is all zero, so no label '
            'differs from another. Give label_embedding=<.npz file> or '
            "'random', or load a checkpoint that holds one."
        )


def _check_classes(neck: LabelGraphNeck, theirs: list[str]) -> None:
    if neck.num_classes != len(theirs):
        raise ValueError(
            f'LabelGraphNeck has num_classes={neck.num_classes}, but the '
            f'training data set has {len(theirs)} classes: {theirs}. Set '
            'num_classes, and `classes`, of neck and head accordingly.'
        )
    if neck.classes is None or list(neck.classes) == theirs:
        return
    ours = list(neck.classes)
    if sorted(ours) == sorted(theirs):
        at = [x == y for x, y in zip(ours, theirs, strict=True)].index(False)
        difference = (
            f'the order differs, first at index {at}: {ours[at]!r} in the '
            f'neck, {theirs[at]!r} in the data set'
        )
    else:
        difference = (
            f'only the neck has {sorted({*ours} - {*theirs})}, only the data '
            f'set has {sorted({*theirs} - {*ours})}'
        )
    raise ValueError(
        'The classes of LabelGraphNeck and of the training data set do not '
        f'agree: {difference}. Give `classes` of the neck in the order of '
        'the data set.'
    )
