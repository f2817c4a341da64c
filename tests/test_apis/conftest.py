import cv2
import numpy as np
import pytest
from tiny_classifier import CLASSES, make_checkpoint, make_config

from mmsrdl.apis import MultiLabelInferencer


@pytest.fixture(scope='session')
def folder(tmp_path_factory):
    """Three images and a file that is none."""
    folder = tmp_path_factory.mktemp('images')
    rng = np.random.default_rng(0)
    for name, size in (('c.jpg', 40), ('a.png', 32), ('b.PNG', 50)):
        image = rng.integers(0, 256, (size, 48, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / name), image)
    (folder / 'notes.txt').write_text('no image')
    return folder


@pytest.fixture(scope='session')
def inferencer(tmp_path_factory):
    path = tmp_path_factory.mktemp('weights') / 'tiny.pth'
    meta = dict(dataset_meta=dict(classes=CLASSES))
    checkpoint = make_checkpoint(path, meta=meta)
    return MultiLabelInferencer(make_config(), checkpoint, device='cpu')
