"""``mmpretrain.inference_model``, which ``import mmsrdl`` completes."""

import cv2
import mmpretrain
import pytest
from tiny_classifier import CLASSES, make_checkpoint, make_config

from mmsrdl.apis.model_sources import is_multi_label


@pytest.fixture
def checkpoint(tmp_path):
    return make_checkpoint(tmp_path / 'x.pth')


def test_configs_and_models_of_several_labels(folder, tmp_path, checkpoint):
    config = make_config(classes=CLASSES)
    path = tmp_path / 'config.py'
    config.dump(path)
    model = mmpretrain.get_model(config, checkpoint)
    image = cv2.imread(str(folder / 'c.jpg'))
    results = [
        mmpretrain.inference_model(
            each, image, thr=0.0, pretrained=checkpoint, device='cpu'
        )
        for each in (config, str(path), model)
    ]
    assert results[0] == results[1] == results[2]
    assert sorted(results[0]['pred_classes']) == sorted(CLASSES)
    result = mmpretrain.inference_model(
        config, image, pretrained=checkpoint, classes=['a', 'b', 'c'], topk=1
    )
    assert result['pred_classes'][0] in 'abc'


def test_names():
    names = mmpretrain.list_models(task='Multi-Label Classification')
    assert {'srdl_r101_coco', 'srdl_mobilenet-v2_voc07'} <= {*names}
    assert all(is_multi_label(name) for name in names)
    assert not is_multi_label('resnet18_8xb32_in1k')
    assert not is_multi_label('mae_vit-base-p16_8xb512-amp-coslr-300e_in1k')
    with pytest.raises(ValueError, match='No checkpoint is published'):
        mmpretrain.inference_model('srdl_mobilenet-v2_voc07', 'a.jpg')


def test_other_models_stay_with_mmpretrain(folder):
    model = mmpretrain.get_model('resnet18_8xb32_in1k')
    assert not is_multi_label(model)
    result = mmpretrain.inference_model(model, str(folder / 'c.jpg'))
    assert isinstance(result['pred_label'], int)
    with pytest.raises(ValueError, match='Failed to find model "nothing"'):
        mmpretrain.inference_model('nothing', 'a.jpg')
