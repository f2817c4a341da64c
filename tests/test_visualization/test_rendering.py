import numpy as np
from matplotlib.figure import Figure

from mmsrdl.visualization import render


def test_pixels():
    figure = Figure((2, 1), dpi=50, facecolor='red')
    figure.add_axes((0, 0, 0.5, 1), facecolor='blue').set(xticks=[], yticks=[])
    pixels = render(figure)
    assert pixels.shape == (50, 100, 3) and pixels.dtype == np.uint8
    assert pixels[25, 25].tolist() == [0, 0, 255]
    assert pixels[25, 75].tolist() == [255, 0, 0]
