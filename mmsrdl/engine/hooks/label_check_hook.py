"""Checks, before a run starts, that all speak of the same labels."""

import logging
from os.path import abspath

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from mmsrdl.datasets.label_counting import find_sources
from mmsrdl.models.necks import CooccurrenceNeck, LabelGraphNeck


@HOOKS.register_module()
class LabelCheckHook(Hook):
    """Refuses labels in another order than those of the data set.

    A graph of such labels trains without a warning, just worse; so does one
    whose embeddings are all zero, or whose edges were counted on other images
    than those of the training. Weights that were trained on such labels are
    measured without a warning, and wrongly. What names no classes passes.
    """

    def __init__(self) -> None:
        self._trained_on = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note the classes that the weights were trained on."""
        meta = checkpoint.get('meta') or {}
        self._trained_on = (meta.get('dataset_meta') or {}).get('classes')

    def before_test(self, runner: Runner) -> None:
        """Compare the test data with what was trained on.

        Raises:
            ValueError: If names, number or order of the classes differ.
        """
        exported = getattr(runner.model, '_dataset_meta', None) or {}
        trained = exported.get('classes', self._trained_on)
        classes = _classes_of(runner.test_dataloader.dataset)
        if None not in (trained, classes) and list(trained) != classes:
            difference = _describe_difference(
                list(trained), classes, 'the trained model'
            )
            raise ValueError(
                'The model was trained on other classes than those of the '
                f'test data set: {difference}. Test with the config of the '
                'training (default_hooks.label_check=None skips this check).'
            )

    def before_train(self, runner: Runner) -> None:
        """Compare, once weights are initialised or loaded.

        Raises:
            ValueError: If names, number or order of the classes differ, the
                label embedding is all zero, or a neck has counted labels in
                other files than those of the training data set.
        """
        dataset = runner.train_dataloader.dataset
        classes = _classes_of(dataset)
        for neck in runner.model.modules():
            if isinstance(neck, LabelGraphNeck):
                _check_embedding(neck)
                if classes is not None:
                    _check_classes(neck, classes)
            if isinstance(neck, CooccurrenceNeck) and neck.counted_from:
                _check_counts(neck, find_sources(dataset))


def _check_embedding(neck: LabelGraphNeck) -> None:
    if not neck.label_embedding.any():
        raise ValueError(
            f'The label embedding of {type(neck).__name__} is all zero, so no '
            'label differs from another. Give label_embedding=<.npz file> or '
            "'random', or load a checkpoint that holds one."
        )


def _check_classes(neck: LabelGraphNeck, theirs: list[str]) -> None:
    if neck.num_classes != len(theirs):
        raise ValueError(
            f'{type(neck).__name__} has num_classes={neck.num_classes}, but '
            f'the training data set has {len(theirs)} classes: {theirs}. Set '
            'num_classes, and `classes`, of neck and head accordingly.'
        )
    if neck.classes is None or list(neck.classes) == theirs:
        return
    difference = _describe_difference(list(neck.classes), theirs, 'the neck')
    raise ValueError(
        f'The classes of {type(neck).__name__} and of the training data set '
        f'do not agree: {difference}. Give `classes` of the neck in the order '
        'of the data set.'
    )


def _check_counts(neck: CooccurrenceNeck, trained: dict[str, int]) -> None:
    """Compare what a neck has counted with what it will be trained on."""
    name, counted = type(neck).__name__, neck.counted_from
    if {*map(abspath, counted)} != {*map(abspath, trained)}:
        raise ValueError(
            f'{name} counted the labels of {", ".join(counted)}, but the '
            f'training data set is {", ".join(trained)}. Give the neck as '
            '`cooccurrence` the config of the training data set or, to use '
            'other counts on purpose, a file of '
            'tools/dataset_converters/label_cooccurrence.py.'
        )
    more = sum(counted.values()) - sum(trained.values())
    if more > 0:
        print_log(
            f'{name} counted the labels of {more} images more than the '
            f'{sum(trained.values())} of the training data set; if that is '
            'not meant, give it as `cooccurrence` the same options.',
            'current',
            logging.WARNING,
        )


def _classes_of(dataset: object) -> list[str] | None:
    classes = getattr(dataset, 'metainfo', {}).get('classes')
    return None if classes is None else list(classes)


def _describe_difference(ours: list[str], theirs: list[str], us: str) -> str:
    """Tell how the classes of the model and of a data set differ."""
    if sorted(ours) == sorted(theirs):
        at = [x == y for x, y in zip(ours, theirs, strict=True)].index(False)
        return (
            f'the order differs, first at index {at}: {ours[at]!r} in {us}, '
            f'{theirs[at]!r} in the data set'
        )
    return (
        f'only {us} has {sorted({*ours} - {*theirs})}, only the data set has '
        f'{sorted({*theirs} - {*ours})}'
    )
