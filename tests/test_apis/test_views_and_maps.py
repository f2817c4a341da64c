"""Options of the inferencer that take more than one pass, or look inside."""

import cv2
import numpy as np
import pytest
from mmpretrain import get_model
from mmpretrain.models.heads import MultiLabelClsHead
from tiny_classifier import CLASSES, make_checkpoint, make_config

from mmsrdl.apis import MultiLabelInferencer


def test_tta_averages_views(inferencer, folder):
    """By default over the image and its mirror image."""
    image = cv2.imread(str(folder / 'c.jpg'))
    plain, mirrored = inferencer([image, image[:, ::-1]])
    (averaged,) = inferencer(image, tta=True)
    expected = np.mean([plain['scores'], mirrored['scores']], axis=0)
    assert averaged['scores'] == pytest.approx(expected, abs=1e-6)
    assert plain['scores'] != pytest.approx(mirrored['scores'], abs=1e-4)
    chosen = np.flatnonzero(expected >= 0.4)
    assert sorted(averaged['pred_labels']) == chosen.tolist()
    paths = [folder / 'a.png', folder / 'notes.txt', folder / 'c.jpg']
    results = inferencer(paths, batch_size=3, tta=True)
    assert results[2]['scores'] == pytest.approx(averaged['scores'], abs=1e-6)
    assert results[2]['img_path'] == str(paths[2])
    assert 'error' in results[1]


def test_tta_of_the_config(folder, tmp_path):
    config = make_config(classes=CLASSES)
    load, resize, pack = config.test_dataloader.dataset.pipeline
    resizes = [dict(resize, scale=(side, side)) for side in (32, 64)]
    views = dict(type='TestTimeAug', transforms=[resizes, [pack]])
    config.tta_pipeline = [load, views]
    config.tta_model = dict(type='AverageClsScoreTTA')
    checkpoint = make_checkpoint(tmp_path / 'x.pth')
    scores = []
    for scale in resizes:
        config.test_dataloader.dataset.pipeline[1] = scale
        one = MultiLabelInferencer(config, checkpoint, device='cpu')
        scores.append(one(folder / 'c.jpg')[0]['scores'])
    (averaged,) = one(folder / 'c.jpg', tta=True)
    assert averaged['scores'] == pytest.approx(np.mean(scores, 0), abs=1e-6)


def test_maps_of_the_predicted_labels(inferencer, folder):
    """Class activation maps here: their mean is the logit, less the bias."""
    paths = [folder / 'c.jpg', folder / 'notes.txt', folder / 'a.png']
    results = inferencer(paths, batch_size=3, thr=0, return_maps=True)
    plain = inferencer(paths, batch_size=3, thr=0)
    bias = inferencer.model.head.fc.bias.detach().numpy()
    for result, expected in zip(results[::2], plain[::2]):
        assert result['scores'] == pytest.approx(expected['scores'], abs=1e-6)
        maps = result.pop('pred_maps')
        assert result.pop('maps_box') == (0, 0, 1, 1)
        assert result.keys() == expected.keys()
        assert maps.shape == (3, 1, 1) and maps.dtype == np.float32
        logits = maps.mean((1, 2)) + bias[result['pred_labels']]
        np.testing.assert_allclose(
            1 / (1 + np.exp(-logits)), result['pred_scores'], rtol=1e-4
        )
    assert results[1] == plain[1]
    (sample,) = inferencer(paths[0], True, thr=1, return_maps=True)
    assert sample.pred_maps.shape == (0, 1, 1)
    assert sample.maps_box == (0, 0, 1, 1)


def test_maps_lie_on_the_image(tmp_path):
    """Whichever way round the network sees it, and what is cut off."""
    config = make_config(classes=CLASSES)
    load, _, pack = config.test_dataloader.dataset.pipeline
    flip = dict(type='RandomFlip', prob=1.0)
    crop = dict(type='CenterCrop', crop_size=128)
    checkpoint = make_checkpoint(tmp_path / 'x.pth')
    image = np.zeros((128, 256, 3), np.uint8)
    image[:, 64:160] = np.random.default_rng(0).integers(0, 256, (96, 3))
    maps = []
    for steps in ([crop], [crop, flip]):
        dataset = config.test_dataloader.dataset
        dataset.pipeline = [load, *steps, pack]
        inferencer = MultiLabelInferencer(config, checkpoint, device='cpu')
        given = image if len(steps) == 1 else image[:, ::-1]
        (result,) = inferencer(given, thr=0, return_maps=True)
        assert result['maps_box'] == pytest.approx(
            (0.25, 0, 0.75, 1), abs=0.01
        )
        maps.append(result['pred_maps'])
    assert maps[0].shape == (3, 4, 4)
    np.testing.assert_allclose(maps[0], maps[1][..., ::-1], atol=1e-5)
    assert not np.allclose(maps[0], maps[1], atol=1e-2)


def test_a_head_without_maps(folder):
    model = get_model(make_config(classes=CLASSES))
    model.head = MultiLabelClsHead()
    inferencer = MultiLabelInferencer(model)
    with pytest.raises(ValueError, match='MultiLabelClsHead has no map per'):
        inferencer(folder, return_maps=True)
