import numpy as np

from mmsrdl.apis.map_overlay import overlay_map


def test_bright_where_the_map_is_high():
    image = np.full((40, 80, 3), 120, np.uint8)
    spatial = np.zeros((2, 4), np.float32)
    spatial[:, 3] = 0.7
    picture = overlay_map(image, spatial)
    assert picture.shape == image.shape
    assert picture.dtype == np.uint8
    assert picture[:, -10:].mean() > 1.5 * picture[:, :10].mean()
    assert (image == 120).all()


def test_darker_where_the_model_does_not_look():
    image = np.full((40, 80, 3), 120, np.uint8)
    spatial = np.eye(2, dtype=np.float32)
    picture = overlay_map(image, spatial, (0.25, 0, 0.75, 1))
    assert (picture[:, :20] == 48).all()
    assert (picture[:, 60:] == 48).all()
    seen = overlay_map(image[:, 20:60], spatial)
    assert np.array_equal(picture[:, 20:60], seen)


def test_map_without_contrast():
    image = np.full((3, 1, 3), 250, np.uint8)
    picture = overlay_map(image, np.full((1, 1), 0.3, np.float32))
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) == 1
