"""Pictures of the attention of several models to one image."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from .attention import (
    add_legend,
    check_image,
    check_maps,
    legend_height,
    show_attention,
    show_picture,
)
from .fonts import fit_fonts
from .picture_grid import (
    cell_width,
    choose_columns,
    lay_out,
    panel_size,
    resample,
)
from .text_width import shorten

MODEL_COLORS = ('#4c78a8', '#e4572e', '#54a24b', '#9467bd')
"""Of models that are compared, in their order."""

_MARGIN = 0.32  # inches on the left for the names of the models
_LEAST_HEIGHT = 1.5  # inches of the bars


class ModelAttention(NamedTuple):
    """What a model makes of K categories of an image.

    Attributes:
        name (str): Of the model.
        spatial (Tensor | np.ndarray): Its attention, ``(K, h, w)``.
        scores (Sequence[float]): Its K scores, in [0, 1].
        boxes (Tensor | np.ndarray, optional): As for
            :func:`~mmsrdl.visualization.draw_attention`.
    """

    name: str
    spatial: Tensor | np.ndarray
    scores: Sequence[float]
    boxes: Tensor | np.ndarray | None = None


def compare_attention(
    image: np.ndarray,
    models: Sequence[ModelAttention],
    labels: Sequence[str],
    title: str = 'image',
) -> Figure:
    """Draw the attention of models below each other, and bars of the scores.

    Args:
        image (np.ndarray): RGB, ``(H, W, 3)`` uint8.
        models (Sequence[ModelAttention]): Two to four models.
        labels (Sequence[str]): Names of K categories, at least one.
        title (str): Title of the image. Defaults to ``'image'``.

    Returns:
        Figure: A row per model; more of them where the labels do not fit.

    Raises:
        ValueError: If shapes or numbers do not fit each other.
    """
    if not 2 <= len(models) <= len(MODEL_COLORS) or not labels:
        raise ValueError(
            f'To compare takes 2 to {len(MODEL_COLORS)} models and a label, '
            f'not {len(models)} and {len(labels)}.'
        )
    check_image(image)
    maps = [check_maps(m.spatial, m.boxes, len(labels)) for m in models]
    boxes = next((boxes for _, boxes in maps if boxes is not None), None)
    # A picture or bars, and as many labels as can be made out beside it.
    is_wide = image.shape[1] > 2 * image.shape[0]
    size = panel_size(image.shape, 1 + min(len(labels), 2 if is_wide else 4))
    image = resample(image, size)

    per_row = choose_columns(len(labels), size, taken=1)
    blocks = [slice(i, i + per_row) for i in range(0, len(labels), per_row)]
    titles = []
    for block in blocks:
        for row, model in enumerate(models):
            first = {0: title if block.start == 0 else None, 1: 'scores'}
            names = [
                f'{label} {score:.2f}'
                for label, score in zip(
                    labels[block], model.scores[block], strict=True
                )
            ]
            rest = [None] * (per_row - len(names))
            titles += [first.get(row), *names, *rest]
    figure, panels = lay_out(
        titles,
        size,
        per_row + 1,
        left=_MARGIN,
        bottom=legend_height(boxes),
        least_height=_LEAST_HEIGHT,
    )
    rows = iter(range(0, len(panels), per_row + 1))
    for block in blocks:
        for color, model, (spatial, erased) in zip(
            MODEL_COLORS, models, maps, strict=False
        ):
            start = next(rows) + 1
            spatial = spatial[block]
            erased = None if erased is None else erased[block]
            shown = panels[start : start + len(spatial)]
            show_attention(shown, image, spatial, erased)
            _name_row(shown[0], model.name, color)
            if model is models[1]:
                scores = [other.scores[block] for other in models]
                width = cell_width(size)
                _show_scores(panels[start - 1], width, scores, labels[block])
    show_picture(panels[0], image)
    add_legend(figure, boxes)
    return fit_fonts(figure)


def _name_row(panel: Axes, name: str, color: str) -> None:
    """Write the name of a model on the left of the row of a panel."""
    figure, place = panel.figure, panel.get_position()
    height = max(place.height * figure.get_figheight(), _LEAST_HEIGHT)
    figure.text(
        0.08 / figure.get_figwidth(),
        place.y1 - height / 2 / figure.get_figheight(),
        shorten(name, int(height * 72 / 7)),
        rotation=90,
        va='center',
        color=color,
        fontsize=10,
        fontweight='bold',
        parse_math=False,
    )


def _show_scores(
    panel: Axes,
    width: float,
    scores: Sequence[Sequence[float]],
    labels: Sequence[str],
) -> None:
    """Draw the scores of each label as bars, one per model.

    Args:
        panel (Axes): Becomes ``width`` inches wide, and as high as the bars
            and the row need.
        width (float): Inches.
        scores (Sequence): Of each model those of the labels.
        labels (Sequence[str]): Their names.
    """
    figure, place = panel.figure, panel.get_position()
    width /= figure.get_figwidth()
    height = max(place.height, _LEAST_HEIGHT / figure.get_figheight())
    height = min(height, 0.62 * len(labels) / figure.get_figheight())
    left = (place.x0 + place.x1 - width) / 2
    panel.set_position((left, place.y1 - height, width, height))
    panel.set_xlim(0, 1.25)
    panel.set_ylim(len(labels) - 0.2, -0.4)
    bar = 0.56 / len(scores)
    for row, values in enumerate(scores):
        y = np.arange(len(labels)) + (row + 0.5) * bar
        panel.barh(y, 1, bar * 0.9, color='0.93')
        bars = panel.barh(y, values, bar * 0.9, color=MODEL_COLORS[row])
        panel.bar_label(bars, fmt='%.2f', fontsize=7, padding=2)
    most = int(width * figure.get_figwidth() * 72 / 5)
    for place, label in enumerate(labels):
        panel.text(
            0,
            place - 0.05,
            shorten(label, most),
            va='bottom',
            fontsize=8,
            parse_math=False,
        )
