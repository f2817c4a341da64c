"""Pictures of where the spatial attention of a category looks."""

import textwrap
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, Stroke
from torch import Tensor

_COLORMAP = colormaps['inferno']
_COLUMNS = 5  # panels per row
_SIDE, _GAP = 2.4, 0.12  # inches: longer side of a panel, space between
_FONT_SIZE = 11  # points


def draw_attention(
    image: np.ndarray,
    spatial: Tensor | np.ndarray,
    labels: Sequence[str],
    boxes: Tensor | np.ndarray | None = None,
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

    Returns:
        Figure: Panels of one size, five in a row.

    Raises:
        ValueError: If shapes do not fit each other.
    """
    image = np.asarray(image)
    spatial = torch.as_tensor(spatial).detach().float().cpu()
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(
            'The image must be (H, W, 3) uint8 in RGB, not '
            f'{image.shape} {image.dtype}.'
        )
    if spatial.ndim != 3 or len(spatial) != len(labels):
        raise ValueError(
            'Attention must be (K, h, w) with K labels, not '
            f'{tuple(spatial.shape)} with {len(labels)}.'
        )
    if boxes is not None:
        boxes = torch.as_tensor(boxes).cpu()
        if boxes.shape != (len(labels), 4):
            raise ValueError(
                f'Boxes must be ({len(labels)}, 4), not {tuple(boxes.shape)}.'
            )

    figure, panels = _panels(['image', *labels], image.shape)
    pictures = [image]
    pictures += [_overlay(image, heat) for heat in _heat(spatial, image.shape)]
    for panel, picture in zip(panels, pictures, strict=True):
        panel.imshow(picture, aspect='auto', interpolation='hanning')
    if boxes is not None:
        cell_size = np.divide(image.shape[:2], spatial.shape[1:])
        for panel, box in zip(panels[1:], boxes.tolist(), strict=True):
            _outline(panel, box, cell_size)
    return figure


def _panels(
    titles: Sequence[str], shape: tuple[int, ...]
) -> tuple[Figure, list[Axes]]:
    """Empty panels of one size for pictures of shape ``(H, W, 3)``."""
    height, width = (_SIDE * side / max(shape[:2]) for side in shape[:2])
    cell = max(width, 0.6 * _SIDE)  # a narrow picture still needs a title
    titles = [_wrap(title, cell) for title in titles]
    title_height = max(title.count('\n') + 1 for title in titles) * 0.2 + 0.1
    columns = min(len(titles), _COLUMNS)
    rows = -(-len(titles) // columns)
    total_width = columns * (cell + _GAP) + _GAP
    total_height = rows * (height + title_height) + _GAP
    figure = Figure((total_width, total_height), dpi=150, facecolor='white')
    panels = []
    for index, title in enumerate(titles):
        row, column = divmod(index, columns)
        left = _GAP + column * (cell + _GAP) + (cell - width) / 2
        bottom = total_height - (row + 1) * (height + title_height)
        place = np.array([left, bottom, width, height])
        panel = figure.add_axes(place / ([total_width, total_height] * 2))
        panel.set_axis_off()
        panel.set_title(title, fontsize=_FONT_SIZE, pad=4, parse_math=False)
        panels.append(panel)
    return figure, panels


def _wrap(title: str, inches: float) -> str:
    """Break a title; a name is cut after two lines, a score never."""
    width = int(inches * 72 / (0.6 * _FONT_SIZE))
    name, _, score = title.rpartition(' ')
    lines = textwrap.wrap(name, width, max_lines=2, placeholder=' …')
    if lines and len(lines[-1]) + 1 + len(score) <= width:
        score = f'{lines.pop()} {score}'
    return '\n'.join([*lines, score])


def _heat(spatial: Tensor, shape: tuple[int, ...]) -> np.ndarray:
    """Stretch maps to [0, 1] and enlarge them smoothly to ``(K, H, W)``."""
    low = spatial.amin((1, 2), keepdim=True)
    span = spatial.amax((1, 2), keepdim=True) - low
    heat = (spatial - low) / span.clamp(min=torch.finfo(spatial.dtype).tiny)
    heat = F.interpolate(heat[:, None], shape[:2], mode='bicubic')[:, 0]
    return heat.clamp(0, 1).numpy()


def _overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
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
    panel.add_patch(
        Rectangle(
            # The centre of the first pixel is at 0.
            (x1 * width - 0.5, y1 * height - 0.5),
            (x2 - x1) * width,
            (y2 - y1) * height,
            fill=False,
            edgecolor='white',
            linewidth=1.5,
            clip_on=False,
            path_effects=[Stroke(linewidth=3, foreground='black'), Normal()],
        )
    )
