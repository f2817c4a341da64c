"""Pictures of the attention to some images, while a model is trained."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, IterBasedTrainLoop, Runner
from mmpretrain.registry import HOOKS
from torch import nn

from mmsrdl.apis.attention_pictures import draw_top_labels
from mmsrdl.apis.image_attention import ImageAttention, attend_to_sample
from mmsrdl.visualization import render


@HOOKS.register_module()
class AttentionVisualizationHook(Hook):
    """Shows where the model looks in some validation images.

    The pictures are of the same images each time, evenly spread over the
    validation set, so that one can watch the attention form. They go to the
    backends of the visualizer: as files to ``vis_data/vis_image`` of the
    working folder with ``LocalVisBackend``, to TensorBoard with
    ``TensorboardVisBackend``, to Weights & Biases with ``WandbVisBackend``.
    True labels are marked, and what training erases in this epoch is
    outlined. The hook draws in the main process only, with the weights
    that are validated (those of an EMA if there is one), and costs a forward
    pass and a drawing of about half a second for each image.

    Args:
        interval (int): Draw at the validations after every so many epochs,
            or iterations where training goes by iterations. Defaults to 1,
            each validation.
        num_images (int): Images to draw. Defaults to 4.
        topk (int): Labels of each, the highest scores first. Defaults to 3.

    Raises:
        ValueError: If an argument is less than 1.

    Example:
        >>> # in a config
        >>> custom_hooks = [
        ...     dict(type='AttentionVisualizationHook', interval=5)
        ... ]
        >>> visualizer = dict(
        ...     type='MultiLabelVisualizer',
        ...     vis_backends=[
        ...         dict(type='LocalVisBackend'),
        ...         dict(type='TensorboardVisBackend'),
        ...     ],
        ... )
    """

    def __init__(
        self, interval: int = 1, num_images: int = 4, topk: int = 3
    ) -> None:
        for name, value in (
            ('interval', interval),
            ('num_images', num_images),
            ('topk', topk),
        ):
            if value < 1:
                raise ValueError(
                    f'AttentionVisualizationHook: {name} must be at least 1, '
                    f'got {value}.'
                )
        self.interval = interval
        self.num_images = num_images
        self.topk = topk

    def before_train(self, runner: Runner) -> None:
        """Try out the images, rather than fail after the first epoch.

        Raises:
            ValueError: If there is no validation, the model gives no maps or
                the validation pipeline does not tell what it shows.
        """
        if runner.val_loop is None:
            raise ValueError(
                'AttentionVisualizationHook draws at validations: give '
                'val_dataloader, val_cfg and val_evaluator, or leave it out.'
            )
        if is_main_process():
            runner.model.eval()
            for _ in self._attend(runner):
                pass
            runner.model.train()

    def after_val_iter(
        self, runner: Runner, batch_idx: int, *args, **kwargs
    ) -> None:
        """Draw at the first batch, when the weights are those of the test."""
        step = _step(runner)
        if batch_idx or step % self.interval or not is_main_process():
            return
        erasing = getattr(_unwrap(runner.model).head, 'erasing', None)
        if erasing is not None and not erasing.enabled:
            erasing = None
        for index, info, attention in self._attend(runner):
            path = Path(info['img_path'])
            figure = draw_top_labels(
                attention,
                runner.val_dataloader.dataset.metainfo['classes'],
                self.topk,
                erasing,
                info.get('gt_label'),
                path.name,
            )
            runner.visualizer.add_image(
                f'attention_{index}_{path.stem}', render(figure), step
            )

    def _attend(
        self, runner: Runner
    ) -> Iterator[tuple[int, dict, ImageAttention]]:
        dataset = runner.val_dataloader.dataset
        last = len(dataset) - 1
        indices = np.linspace(0, last, min(self.num_images, last + 1))
        for index in indices.round().astype(int).tolist():
            yield (
                index,
                *attend_to_sample(_unwrap(runner.model), dataset, index),
            )


def _unwrap(model: nn.Module) -> nn.Module:
    return model.module if is_model_wrapper(model) else model


def _step(runner: Runner) -> int:
    """Epochs, or iterations, of training so far; 0 without training."""
    loop = runner._train_loop
    if isinstance(loop, IterBasedTrainLoop):
        return loop.iter
    return loop.epoch if isinstance(loop, BaseLoop) else 0
