"""An image with what an inferencer maps on it."""

import numpy as np
import torch

from mmsrdl.visualization.attention import compute_heat, lay_heat

from .seen_area import SeenArea

_DIM = 0.4  # brightness of what the model does not see


def overlay_map(
    image: np.ndarray,
    spatial: np.ndarray,
    maps_box: tuple[float, float, float, float] = (0, 0, 1, 1),
) -> np.ndarray:
    """Lay the map of a label over its image.

    Args:
        image (np.ndarray): RGB, ``(H, W, 3)`` uint8.
        spatial (np.ndarray): One of the ``pred_maps`` of
            :class:`~mmsrdl.apis.MultiLabelInferencer`, ``(h, w)`` float32;
            stretched to its own minimum and maximum.
        maps_box (tuple[float, float, float, float]): As the inferencer gives
            it; what is outside is darkened. Defaults to the whole image.

    Returns:
        np.ndarray: RGB, ``(H, W, 3)`` uint8.
    """
    area = SeenArea(maps_box, (False, False))
    seen = area.crop(image)
    (heat,) = compute_heat(torch.from_numpy(spatial)[None], seen.shape)
    picture = (_DIM * image).round().astype(np.uint8)
    area.crop(picture)[:] = lay_heat(seen, heat)
    return picture
