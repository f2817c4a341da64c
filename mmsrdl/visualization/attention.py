"""Pictures of where the attention of a category looks."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import Normal, Stroke
from torch import Tensor

from .fonts import fit_fonts
from .picture_grid import choose_columns, lay_out, panel_size, resample

_COLORMAP = colormaps['inferno']
_LEGEND_LINE = 0.22  # inches
_BOX = dict(
    fill=False,
    edgecolor='white',
    linewidth=1.5,
    path_effects=[Stroke(linewidth=3, foreground='black'), Normal()],
)


def draw_attention(
    image: np.ndarray,
    spatial: Tensor | np.ndarray,
    labels: Sequence[str],
    boxes: Tensor | np.ndarray | None = None,
    title: str = 'image',
) -> Figure:
    """Draw an image and, next to it, the attention of some categories.

    Each map is stretched to its own minimum and maximum, so colours show
    where a category looks, not how strongly compared with another one. Save
    the figure by its ``savefig``; no window or pyplot state is involved.

    Args:
        image (np.ndarray): RGB, ``(H, W, 3)`` uint8.
        spatial (Tensor | np.ndarray): Attention of K categories,
            ``(K, h, w)``, drawn over the whole image. K may be 0.
        labels (Sequence[str]): K titles such as ``'hot dog 0.93'``.
        boxes (Tensor | np.ndarray, optional): Erased boxes ``(K, 4)`` as x1,
            y1, x2, y2 in cells of the map, ends exclusive; an empty box is
            not drawn. Defaults to None.
        title (str): Title of the image. Defaults to ``'image'``.

    Returns:
        Figure: Panels of one size, as many in a row as fit on a page.

    Raises:
        ValueError: If shapes do not fit each other.
    """
    check_image(image)
    spatial, boxes = check_maps(spatial, boxes, len(labels))
    size = panel_size(image.shape)
    image = resample(image, size)
    figure, panels = lay_out(
        [title, *labels],
        size,
        choose_columns(len(labels) + 1, size),
        bottom=legend_height(boxes) if labels else 0,
    )
    show_picture(panels[0], image)
    show_attention(panels[1:], image, spatial, boxes)
    if labels:
        add_legend(figure, boxes)
    return fit_fonts(figure)


def check_image(image: np.ndarray) -> None:
    """Raise a ValueError unless an image is ``(H, W, 3)`` uint8."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(
            'The image must be (H, W, 3) uint8 in RGB, not '
            f'{image.shape} {image.dtype}.'
        )


def check_maps(
    spatial: Tensor | np.ndarray,
    boxes: Tensor | np.ndarray | None,
    count: int,
) -> tuple[Tensor, Tensor | None]:
    """Return maps and boxes of ``count`` labels as tensors on the CPU.

    Raises:
        ValueError: If they are not ``(count, h, w)`` and ``(count, 4)``.
    """
    spatial = torch.as_tensor(spatial).detach().float().cpu()
    if spatial.ndim != 3 or len(spatial) != count:
        raise ValueError(
            'Attention must be (K, h, w) with K labels, not '
            f'{tuple(spatial.shape)} with {count}.'
        )
    if boxes is not None:
        boxes = torch.as_tensor(boxes).cpu()
        if boxes.shape != (count, 4):
            raise ValueError(
                f'Boxes must be ({count}, 4), not {tuple(boxes.shape)}.'
            )
    return spatial, boxes


def show_picture(panel: Axes, picture: np.ndarray) -> None:
    """Fill a panel with a picture."""
    panel.imshow(picture, aspect='auto', interpolation='hanning')


def show_attention(
    panels: Sequence[Axes],
    image: np.ndarray,
    spatial: Tensor,
    boxes: Tensor | None,
) -> None:
    """Fill K panels with an image, and attention and boxes over it."""
    for panel, heat in zip(
        panels, compute_heat(spatial, image.shape), strict=True
    ):
        show_picture(panel, lay_heat(image, heat))
    if boxes is not None:
        cell_size = np.divide(image.shape[:2], spatial.shape[1:])
        for panel, box in zip(panels, boxes.tolist(), strict=True):
            _outline(panel, box, cell_size)


def legend_height(boxes: Tensor | None) -> float:
    """Inches that :func:`add_legend` needs at the bottom."""
    return _LEGEND_LINE * (1 if boxes is None else 2) + 0.06


def add_legend(figure: Figure, boxes: Tensor | None) -> None:
    """Say below the panels what colours, and boxes if any, mean."""
    shades = _COLORMAP(np.linspace(0, 1, 24))
    handles = [tuple(Patch(color=shade, linewidth=0) for shade in shades)]
    labels = ['lowest to highest of each map']
    if boxes is not None:
        handles.append(Rectangle((0, 0), 1, 1, **_BOX))
        labels.append('erased in training')
    figure.legend(
        handles,
        labels,
        handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},
        loc='lower left',
        borderaxespad=0.3,
        frameon=False,
        fontsize=8,
        handlelength=5,
    )


def compute_heat(spatial: Tensor, shape: tuple[int, ...]) -> np.ndarray:
    """Stretch maps to [0, 1] and enlarge them smoothly to ``(K, H, W)``."""
    low = spatial.amin((1, 2), keepdim=True)
    span = spatial.amax((1, 2), keepdim=True) - low
    heat = (spatial - low) / span.clamp(min=torch.finfo(spatial.dtype).tiny)
    heat = F.interpolate(heat[:, None], shape[:2], mode='bicubic')[:, 0]
    return heat.clamp(0, 1).numpy()


def lay_heat(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay colour over an image, thicker where the attention is high."""
    opacity = 0.45 + 0.2 * heat[..., None]
    color = _COLORMAP(heat)[..., :3] * 255
    return ((1 - opacity) * image + opacity * color).round().astype(np.uint8)


def _outline(panel: Axes, box: Sequence[int], cell_size: np.ndarray) -> None:
    """Outline a box of cells; ``cell_size`` is (height, width) in pixels."""
    x1, y1, x2, y2 = box
    if x1 >= x2 or y1 >= y2:
        return
    height, width = cell_size
    # The centre of the first pixel is at 0.
    corner = (x1 * width - 0.5, y1 * height - 0.5)
    sides = ((x2 - x1) * width, (y2 - y1) * height)
    panel.add_patch(Rectangle(corner, *sides, clip_on=False, **_BOX))
