"""MMPretrain's visualizer, for class names in any script."""

from collections.abc import Sequence

import numpy as np
from mmpretrain.registry import VISUALIZERS
from mmpretrain.structures import DataSample
from mmpretrain.visualization import UniversalVisualizer

from .fonts import font_families


@VISUALIZERS.register_module()
class MultiLabelVisualizer(UniversalVisualizer):
    """Writes class names in any script for which there is a font.

    Takes the arguments of MMPretrain's ``UniversalVisualizer``, whose fonts
    have letters of Europe and the Near East alone.
    """

    def visualize_cls(
        self,
        image: np.ndarray,
        data_sample: DataSample,
        classes: Sequence[str] | None = None,
        text_cfg: dict | None = None,
        **kwargs,
    ) -> np.ndarray:
        """Write the labels of an image on it.

        Args:
            image (np.ndarray): RGB, (H, W, 3) uint8.
            data_sample (DataSample): Its labels.
            classes (Sequence[str], optional): Class names. Defaults to None:
                those of the data set.
            text_cfg (dict, optional): Settings of matplotlib's text.
                Defaults to None.
            **kwargs: As in MMPretrain.

        Returns:
            np.ndarray: RGB, (H, W, 3) uint8.
        """
        names = classes or (self.dataset_meta or {}).get('classes') or ()
        families = ['monospace', *font_families(' '.join(names))]
        return super().visualize_cls(
            image,
            data_sample,
            classes,
            text_cfg={'family': families, **(text_cfg or {})},
            **kwargs,
        )
