"""Drawing where trained models look in images."""

import os
from collections.abc import Mapping

from matplotlib.figure import Figure

from mmsrdl.models.layers import ObjectErasing

from .attention_pictures import compare_top_labels, draw_top_labels
from .image_attention import ImageAttention, attend_to_image
from .image_inputs import Image
from .multi_label_inferencer import MultiLabelInferencer


class AttentionDrawer:
    """Draws where a model, or several side by side, look in images.

    Args:
        models (Mapping[str, MultiLabelInferencer]): One by any name, or up
            to four to compare.
        topk (int): Labels of each image to show, the highest scores first.
            Defaults to 3.
        erased (bool): Whether to outline what training would erase, for the
            models that have erasing. Defaults to False.

    Raises:
        ValueError: If ``topk`` is not positive, the models have other
            classes, or none has erasing.

    Example:
        >>> from mmsrdl.apis import AttentionDrawer, MultiLabelInferencer
        >>> inferencer = MultiLabelInferencer('config.py', 'epoch_20.pth')
        >>> drawer = AttentionDrawer({'SRDL': inferencer}, erased=True)
        >>> drawer.draw('street.jpg').savefig('attention.png')
    """

    def __init__(
        self,
        models: Mapping[str, MultiLabelInferencer],
        topk: int = 3,
        erased: bool = False,
    ) -> None:
        if topk < 1:
            raise ValueError(f'topk must be at least 1, got {topk}.')
        self.models = dict(models)
        self.topk = topk
        first, *others = self.models.values()
        self.classes = first.classes
        if any(other.classes != self.classes for other in others):
            raise ValueError(
                'Only models of the same classes, in the same order, can be '
                'compared.'
            )
        self._erasing = self._find_erasing() if erased else {}

    def _find_erasing(self) -> dict[str, ObjectErasing]:
        heads = {name: model.model.head for name, model in self.models.items()}
        erasing = {
            name: head.erasing
            for name, head in heads.items()
            if getattr(head, 'erasing', None) is not None
        }
        if not erasing:
            names = sorted({type(head).__name__ for head in heads.values()})
            raise ValueError(
                f'Training erases nothing here: {" and ".join(names)} has no '
                'erasing=dict(topk=3, alpha=0.5) in the config.'
            )
        return erasing

    def draw(self, source: Image) -> Figure:
        """Draw where the models look in an image.

        Args:
            source (str | PathLike | np.ndarray): Path, or an array (H, W, 3)
                uint8 in the channel order of OpenCV.

        Returns:
            Figure: To be saved by its ``savefig``.

        Raises:
            OSError: If the image, or what the test pipeline makes of it,
                cannot be used.
            ValueError: If a model gives no maps.
        """
        title = 'image'
        if isinstance(source, str | os.PathLike):
            source = os.fspath(source)
            title = os.path.basename(source)
        attentions = {
            name: _attend(model, source) for name, model in self.models.items()
        }
        if len(attentions) > 1:
            return compare_top_labels(
                attentions, self.classes, self.topk, self._erasing, title
            )
        ((name, attention),) = attentions.items()
        return draw_top_labels(
            attention,
            self.classes,
            self.topk,
            self._erasing.get(name),
            title=title,
        )


def _attend(inferencer: MultiLabelInferencer, source: Image) -> ImageAttention:
    loaded = inferencer.pipeline(source, with_area=True)
    if loaded.error:
        raise OSError(loaded.error)
    return attend_to_image(
        inferencer.model,
        inferencer.pipeline.read(source)['img'],
        loaded.packed['inputs'],
        loaded.area,
    )
