"""Loading of images for an inferencer, a bad one being no exception."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from mmcv.transforms import LoadImageFromFile
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope
from mmpretrain.registry import TRANSFORMS

from .image_inputs import Image, to_bgr
from .seen_area import SeenArea, find_seen_area


class LoadedImage(NamedTuple):
    """What a pipeline makes of an image.

    Attributes:
        source (Image): The path or the array.
        packed (dict | None): ``inputs`` and ``data_samples``; None if the
            image is bad.
        error (str | None): Why it is.
        area (SeenArea | None): What the pipeline shows of the image, if that
            was asked for.
    """

    source: Image
    packed: dict | None = None
    error: str | None = None
    area: SeenArea | None = None

    @property
    def path(self) -> str | None:
        """The path, None for an array."""
        return self.source if isinstance(self.source, str) else None


class ImageLoader:
    """Reads images and runs a test pipeline on them, in any thread.

    Args:
        steps (Sequence[dict]): The pipeline, ``LoadImageFromFile`` first.

    Attributes:
        pack (Compose): The other steps.

    Raises:
        ValueError: If it begins with something else.
    """

    def __init__(self, steps: Sequence[dict]) -> None:
        if not steps or not _reads_files(steps[0]):
            raise ValueError(
                'The config has no test pipeline that begins with '
                'LoadImageFromFile, in test_dataloader.dataset.pipeline or '
                'test_pipeline.'
            )
        read = dict(steps[0])
        for key in ('backend_args', 'file_client_args'):
            read.pop(key, None)  # say where the images of a data set are
        # TestTimeAug builds its steps without saying from which registry.
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            self._read = TRANSFORMS.build(read)
            self.pack = Compose([TRANSFORMS.build(s) for s in steps[1:]])

    def __call__(self, source: Image, with_area: bool = False) -> LoadedImage:
        """Read an image and run the pipeline on it.

        Args:
            source (str | np.ndarray): Path or array.
            with_area (bool): Whether to find out what of the image the
                pipeline shows. Defaults to False.

        Returns:
            LoadedImage: With ``packed`` or ``error``.
        """
        name = source if isinstance(source, str) else 'the array'
        failed = f'Cannot read {name}'
        # Whatever a decoder or a transform may raise, the next image can be
        # fine.
        try:
            image = self.read(source)
            height, width = image['ori_shape']
            failed = (
                f'The test pipeline cannot take {name}, of {width} x {height} '
                'pixels'
            )
            packed = self.pack(image)
            failed = f'There are no maps of {name}'
            area = None
            if with_area:
                area = find_seen_area(self.pack, (height, width))
            return LoadedImage(source, packed, area=area)
        except Exception as error:
            return LoadedImage(source, error=f'{failed}: {error}')

    def read(self, source: Image) -> dict:
        """Read an image, turned upright if its EXIF says so.

        Args:
            source (str | np.ndarray): Path or array.

        Returns:
            dict: ``img`` (H, W, 3), BGR, ``img_shape`` and ``ori_shape``.

        Raises:
            OSError: If there is no such file, or it is no image.
            ValueError: If it is not the array of an image.
        """
        if not isinstance(source, str):
            image = to_bgr(source)
            shape = image.shape[:2]
            return dict(img=image, img_shape=shape, ori_shape=shape)
        if '://' not in source:
            if not os.path.exists(source):
                raise FileNotFoundError('there is no such file')
            if os.path.getsize(source) == 0:
                raise OSError('the file is empty')
        try:
            return self._read(dict(img_path=source))
        except AssertionError:
            raise OSError(
                'it is damaged, or not an image that OpenCV can decode'
            ) from None


def _reads_files(step: dict) -> bool:
    """Whether a step is LoadImageFromFile, or one that does the same."""
    kind = TRANSFORMS.get(step['type'])
    return isinstance(kind, type) and issubclass(kind, LoadImageFromFile)


def find_pipeline(cfg: Config) -> Sequence[dict] | None:
    """Find the test pipeline of a config.

    Args:
        cfg (Config): Of a model.

    Returns:
        Sequence[dict] | None: That of the test data, or ``test_pipeline``.
    """
    dataset = cfg.get('test_dataloader', {}).get('dataset', {})
    return dataset.get('pipeline') or cfg.get('test_pipeline')
