"""Schedule of object erasing over a training run."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from mmsrdl.models.layers import ObjectErasing
from mmsrdl.models.layers.object_erasing import check_erasing

#: A value for all epochs, or ``[(epoch, value), ...]``, each from its epoch.
Schedule = float | Sequence[tuple[int, float]] | None


@HOOKS.register_module()
class ObjectErasingHook(Hook):
    """Switches object erasing, and schedules ``topk`` and ``alpha``.

    Erasing is on for ``begin <= epoch < end``, epochs counted from 0. The
    hook keeps no state: what holds follows from the epoch alone, so that a
    resumed run goes on as if uninterrupted. It acts on the model in training
    through any wrapper, not on the copy of an EMA.

    Args:
        begin (int): First epoch with erasing. Defaults to 0.
        end (int, optional): First epoch without again. Defaults to None.
        topk (int | Sequence, optional): ``topk`` of
            :class:`~mmsrdl.models.layers.ObjectErasing`: a number, or
            ``[(epoch, value), ...]``, piecewise constant; before the first
            epoch listed, and with None, what the head was built with.
            Defaults to None.
        alpha (float | Sequence, optional): Likewise. Defaults to None.
        log_interval (int): Iterations between two records of the share of
            a map that is erased, ``erased_area`` in the log. Defaults to 50.

    Raises:
        ValueError: For an empty range, unordered epochs or values that
            :class:`~mmsrdl.models.layers.ObjectErasing` would not take.
    """

    def __init__(
        self,
        begin: int = 0,
        end: int | None = None,
        topk: Schedule = None,
        alpha: Schedule = None,
        log_interval: int = 50,
    ) -> None:
        if begin < 0 or (end is not None and end <= begin):
            raise ValueError(
                'ObjectErasingHook needs 0 <= begin < end, but got '
                f'begin={begin}, end={end}. To train without erasing leave '
                'the hook out.'
            )
        if log_interval < 1:
            raise ValueError(f'log_interval must be >= 1, got {log_interval}.')
        self.begin = begin
        self.end = end
        self.schedules = dict(
            topk=_as_pairs('topk', topk), alpha=_as_pairs('alpha', alpha)
        )
        for _, value in self.schedules['topk']:
            check_erasing(value, alpha=0.5)
        for _, value in self.schedules['alpha']:
            check_erasing(topk=1, alpha=value)
        self.log_interval = log_interval
        self._start: dict[ObjectErasing, dict] = {}

    def before_train(self, runner: Runner) -> None:
        """Set the state of the first epoch, after a resume too.

        Warns if the run ends before erasing begins.

        Raises:
            ValueError: If the model has nothing to erase.
        """
        self._apply(runner)
        if self.begin >= runner.max_epochs:
            runner.logger.warning(
                f'Nothing will be erased: ObjectErasingHook begins after '
                f'{self.begin} epochs, and the run has {runner.max_epochs}.'
            )

    def before_train_epoch(self, runner: Runner) -> None:
        """Set the state of the epoch."""
        self._apply(runner)

    def _apply(self, runner: Runner) -> None:
        epoch = runner.epoch
        modules = [
            m for m in runner.model.modules() if isinstance(m, ObjectErasing)
        ]
        if not modules:
            raise ValueError(
                'ObjectErasingHook found nothing to switch: give the head '
                'erasing=dict(topk=3, alpha=0.5), or remove the hook '
                '(custom_hooks = [] in a config that inherits it).'
            )
        active = self.begin <= epoch and (self.end is None or epoch < self.end)
        for module in modules:
            start = dict(topk=module.topk, alpha=module.alpha)
            start = self._start.setdefault(module, start)
            module.enabled = active
            for name, pairs in self.schedules.items():
                value = start[name]
                for first, scheduled in pairs:
                    if first <= epoch:
                        value = scheduled
                setattr(module, name, value)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Record the erased area, every ``log_interval`` iterations."""
        if not self.every_n_train_iters(runner, self.log_interval):
            return
        for module in self._start:
            erased = module.enabled and module.erased_area is not None
            area = module.erased_area.item() if erased else 0.0
            runner.message_hub.update_scalar('train/erased_area', area)


def _as_pairs(name: str, schedule: Schedule) -> list[tuple[int, float]]:
    if schedule is None:
        return []
    if isinstance(schedule, Real):
        return [(0, schedule)]
    try:
        epochs = [epoch for epoch, _ in schedule]
        is_rising = epochs == sorted(set(epochs)) and epochs[0] >= 0
    except (TypeError, ValueError, IndexError):
        is_rising = False
    if not is_rising:
        raise ValueError(
            f'{name} must be a number, or list rising epochs from 0 on, as '
            f'[(0, value), (5, value)], but got {schedule!r}.'
        )
    return list(schedule)
