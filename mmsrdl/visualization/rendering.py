"""Figures as arrays of pixels."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def render(figure: Figure) -> np.ndarray:
    """Draw a figure into an array.

    Args:
        figure (Figure): Its dpi decides on the size.

    Returns:
        np.ndarray: RGB, ``(H, W, 3)`` uint8.
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
