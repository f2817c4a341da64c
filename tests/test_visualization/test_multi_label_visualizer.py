import warnings

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import VISUALIZERS
from mmpretrain.structures import DataSample


def test_class_names_are_no_boxes(tmp_path):
    pytest.importorskip('noto_cjk_sans_jp_regular')
    cfg = Config.fromfile('configs/_base_/default_runtime.py').visualizer
    visualizer = VISUALIZERS.build(
        dict(cfg, name='test', save_dir=str(tmp_path))
    )
    sample = DataSample().set_pred_label([1, 0])
    sample.set_pred_score(torch.tensor([0.7, 0.9]))
    image = np.zeros((200, 200, 3), np.uint8)
    with warnings.catch_warnings():
        warnings.filterwarnings('error', message='.*missing from font')
        given = visualizer.visualize_cls(image, sample, classes=['狗', '猫'])
        visualizer.dataset_meta = dict(classes=['狗', '猫'])
        own = visualizer.visualize_cls(image, sample)
    assert given.shape == image.shape and given.std() > 0
    assert (given == own).all()
