import os
from pathlib import Path

import pytest
import torch
from browser import find_obstacle, open_browser
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

import mmsrdl  # noqa: F401  registers and mends before any test imports

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def forget_runners():
    """Keeps what a Runner registers by name from reaching another test."""
    yield
    for manager in (DefaultScope, MessageHub, MMLogger, Visualizer):
        manager._instance_dict.clear()


@pytest.fixture(scope='session')
def data_root():
    """The folder of real images, weights and label vectors."""
    root = os.environ.get('MMSRDL_DATA_ROOT')
    if not root:
        pytest.skip('needs MMSRDL_DATA_ROOT')
    return Path(root)


@pytest.fixture
def browser(tmp_path):
    """Chromium without a window, see ``browser.py``."""
    obstacle = find_obstacle()
    if obstacle:
        pytest.skip(obstacle)
    driver = open_browser(tmp_path / 'chromium')
    yield driver
    driver.quit()
