import logging
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger


@pytest.fixture
def log():
    """The messages logged during a test."""
    messages = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield messages
    logger.removeHandler(handler)


@pytest.fixture
def write_image():
    """Writes a small image, of a colour that tells images apart."""

    def write(path, colour=(10, 100, 200), size=(64, 64)):
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), np.full((*size, 3), colour, np.uint8))
        return path

    return write


@pytest.fixture
def pipeline():
    return [
        {'type': 'LoadImageFromFile'},
        {
            'type': 'PackInputs',
            'meta_keys': ['img_path', 'gt_label_difficult'],
        },
    ]


@pytest.fixture
def real_voc(data_root):
    """The folder of the real VOC 2007."""
    return data_root / 'voc2007'
