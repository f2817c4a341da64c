"""Images decoded by TurboJPEG."""

import io
from functools import cache

import mmengine.fileio as fileio
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmpretrain.registry import TRANSFORMS
from PIL import Image

_EXIF_ORIENTATION = 0x0112
_UPRIGHT = 1


@TRANSFORMS.register_module()
class LoadImageWithTurboJPEG(LoadImageFromFile):
    """Load an image as ``LoadImageFromFile`` does, JPEG by libjpeg-turbo.

    A drop-in replacement for training. What TurboJPEG cannot read as OpenCV
    does is left to OpenCV: other formats, CMYK, and photos that their EXIF
    orientation turns. So every image comes out as from ``LoadImageFromFile``,
    up to the rounding of the two libraries.

    MMCV's ``imdecode_backend='turbojpeg'`` is no substitute: it never turns a
    photo, fails on other formats, and needs ``mmcv.use_backend``, which
    breaks ``mmcv.imresize``.

    **Required Keys:**

    - img_path

    **Modified Keys:**

    - img
    - img_shape
    - ori_shape

    Args:
        to_float32 (bool): Whether to return float32 instead of uint8.
            Defaults to False.
        ignore_empty (bool): Whether an image that cannot be read is left
            out instead of an error. Defaults to False.
        backend_args (dict, optional): Of the file backend, as in
            :func:`mmengine.fileio.get`. Defaults to None.

    Raises:
        ImportError: If PyTurboJPEG, or the library that it binds, is not
            installed.
    """

    def __init__(
        self,
        to_float32: bool = False,
        ignore_empty: bool = False,
        *,
        backend_args: dict | None = None,
    ) -> None:
        super().__init__(
            to_float32=to_float32,
            ignore_empty=ignore_empty,
            backend_args=backend_args,
        )
        _turbojpeg()

    def transform(self, results: dict) -> dict | None:
        """Load ``results['img_path']``.

        Args:
            results (dict): With ``img_path`` (str).

        Returns:
            dict or None: The same, with ``img`` (H, W, 3) in BGR order; None
            if it cannot be read and ``ignore_empty`` is set.
        """
        img = self._decode_jpeg(results['img_path'])
        if img is None:
            return super().transform(results)
        results['img'] = img.astype(np.float32) if self.to_float32 else img
        results['img_shape'] = img.shape[:2]
        results['ori_shape'] = img.shape[:2]
        return results

    def _decode_jpeg(self, path: str) -> np.ndarray | None:
        """Return the image (H, W, 3), or None to leave it to OpenCV."""
        try:
            content = fileio.get(path, backend_args=self.backend_args)
            if not content.startswith(b'\xff\xd8') or _is_turned(content):
                return None
            return _turbojpeg().decode(content)
        except OSError:  # no file, a damaged one, or CMYK
            return None


def _is_turned(content: bytes) -> bool:
    """Return whether the EXIF data of a JPEG may turn or mirror it."""
    if b'Exif\0' not in content:  # spares most images the parser
        return False
    try:
        exif = Image.open(io.BytesIO(content)).getexif()
    except Exception:  # Pillow has many for damaged data
        return True
    return exif.get(_EXIF_ORIENTATION, _UPRIGHT) != _UPRIGHT


@cache
def _turbojpeg():
    """Return the binding, which is made once and in every process."""
    try:
        from turbojpeg import TurboJPEG

        return TurboJPEG()
    # What PyTurboJPEG raises depends on its version and on what is wrong.
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        raise ImportError(
            'LoadImageWithTurboJPEG needs PyTurboJPEG and libjpeg-turbo: '
            "install both (libjpeg-turbo 3: pip install 'PyTurboJPEG>=2'; "
            'libjpeg-turbo 2, as libturbojpeg0 of Debian 12 and Ubuntu '
            "22.04: pip install 'PyTurboJPEG<2'), or use LoadImageFromFile. "
            f'The reason given: {error}'
        ) from error
