"""What the page asks a model."""

import numpy as np
import torch
from PIL import Image

from mmsrdl.apis import MultiLabelInferencer
from mmsrdl.apis.label_choice import choose_labels, find_thresholds
from mmsrdl.apis.map_overlay import overlay_map

_SIZE = (1024, 1024)  # pixels: most that are drawn on
# Of a picture of any size, no more than the head is read.
Image.MAX_IMAGE_PIXELS = None


class Recogniser:
    """A model, and how its scores become labels.

    Args:
        inferencer (MultiLabelInferencer): The model.
        thr (float | str, optional): Least score of a label at first; or the
            path of a file with that of each class, as the inferencer takes
            it. Defaults to None: that of the model's head.
        max_megapixels (float): Of a picture, in millions. Defaults to 100.

    Attributes:
        thr (float): Where the threshold for all classes begins.
        class_thr (Tensor | None): That of each class (C,), if there is a file.
        no_maps (str | None): Why the model gives no attention maps, if so.

    Raises:
        FileNotFoundError: If there is no such file of thresholds.
        ValueError: If it does not fit the model, or the model is broken.
    """

    def __init__(
        self,
        inferencer: MultiLabelInferencer,
        thr: float | str | None = None,
        max_megapixels: float = 100,
    ) -> None:
        self.inferencer = inferencer
        self.max_megapixels = max_megapixels
        self.class_thr = None
        if thr is not None:
            thr = find_thresholds(thr, inferencer.classes)
        if isinstance(thr, torch.Tensor):
            self.class_thr, thr = thr, None
        head_thr = inferencer.model.head.thr
        self.thr = next(t for t in (thr, head_thr, 0.5) if t is not None)
        self.no_maps = self._try_out()

    def _try_out(self) -> str | None:
        grey = np.full((256, 256, 3), 127, np.uint8)
        (result,) = self.inferencer(grey, workers=0)
        if 'error' in result:
            raise ValueError(result['error'])
        try:
            (result,) = self.inferencer(grey, return_maps=True, workers=0)
        except ValueError as error:
            return str(error).removeprefix('return_maps: ')
        return result.get('error')

    def recognise(self, path: str) -> dict:
        """Score a picture once, for any threshold.

        Args:
            path (str): Of the picture.

        Returns:
            dict: Of the inferencer, with all labels, and their maps and the
            ``picture`` where there are any, else ``no_maps``, the reason; or
            with ``error``.
        """
        error = self._refuse(path)
        if error:
            return dict(error=error)
        options = dict(thr=0, workers=0)
        (result,) = self.inferencer(
            path, return_maps=self.no_maps is None, **options
        )
        if 'error' in result and self.no_maps is None:
            # There may be no maps of a picture of this shape.
            no_maps = result['error']
            (result,) = self.inferencer(path, **options)
            result['no_maps'] = no_maps
        if 'pred_maps' in result:
            result['picture'] = self._read(path)
        for key in ('error', 'no_maps'):
            if key in result:
                result[key] = result[key].replace(path, 'the picture')
        return result

    def _refuse(self, path: str) -> str | None:
        """Say why a picture is too large, as its head tells."""
        try:
            with Image.open(path) as image:
                width, height = image.size
        except OSError:
            return None  # the inferencer tells what is wrong
        if width * height <= self.max_megapixels * 1e6:
            return None
        return (
            f'The picture has {width} x {height} pixels, more than '
            f'{self.max_megapixels:g} millions: make it smaller.'
        )

    def choose(
        self, result: dict, thr: float | torch.Tensor
    ) -> dict[str, float]:
        """Choose the labels of a picture by their scores.

        Args:
            result (dict): Of :meth:`recognise`.
            thr (float | Tensor): Least score of a label, or that of each
                class (C,).

        Returns:
            dict[str, float]: Names and scores, best first.
        """
        scores = torch.tensor(result['scores'])
        labels = choose_labels(scores, thr, None, self.inferencer.model.head)
        return {
            self.inferencer.classes[label]: result['scores'][label]
            for label in labels.tolist()
        }

    def draw(self, result: dict, name: str) -> np.ndarray:
        """Draw where the model looks for a label.

        Args:
            result (dict): Of :meth:`recognise`, with maps.
            name (str): Of the label.

        Returns:
            np.ndarray: RGB (H, W, 3) uint8.
        """
        return overlay_map(
            result['picture'],
            result['pred_maps'][result['pred_classes'].index(name)],
            result['maps_box'],
        )

    def _read(self, path: str) -> np.ndarray:
        image = self.inferencer.pipeline.read(path)['img']
        image = Image.fromarray(np.ascontiguousarray(image[..., ::-1]))
        image.thumbnail(_SIZE)
        return np.asarray(image)
