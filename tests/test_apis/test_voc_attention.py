from pathlib import Path
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain import get_model

from mmsrdl import register_all_modules
from mmsrdl.apis import voc_attention
from mmsrdl.datasets.synthetic_voc import write_synthetic_voc

CONFIGS = Path(__file__).parents[2] / 'configs'
CLASSES = ['car', 'house', 'moon', 'sun', 'tree']


@pytest.fixture(scope='module')
def parts(tmp_path_factory):
    """An untrained model and a loader of eight images."""
    register_all_modules()
    root = tmp_path_factory.mktemp('data') / 'voc'
    write_synthetic_voc(root, 1, 0, 8, 64, CLASSES, num_workers=1)
    cfg = Config.fromfile(CONFIGS / 'quickstart/srdl_quickstart.py')
    cfg.merge_from_dict(
        {
            'model.backbone.strides': (1, 2, 2, 1),
            'model.neck.num_classes': 5,
            'model.neck.classes': CLASSES,
            'model.head.num_classes': 5,
            'model.head.erasing.topk': 2,
            'data_preprocessor.num_classes': 5,
            'test_dataloader.dataset.data_root': str(root),
            'test_dataloader.dataset.classes': CLASSES,
            'test_dataloader.batch_size': 3,
        }
    )
    torch.manual_seed(0)
    model = get_model(cfg)
    torch.nn.init.normal_(model.head.classifier.weight)
    return model, Runner.build_dataloader(cfg.test_dataloader), root


def attend(model, dataset, index):
    """Attention of one image alone."""
    batch = {'inputs': dataset[index]['inputs'][None]}
    images = model.data_preprocessor(batch)['inputs']
    with torch.no_grad():
        return model.head.attend(model.extract_feat(images))


def test_pointing_game(parts):
    model, loader, root = parts
    hits = total = 0
    for index in range(len(loader.dataset)):
        attention = attend(model, loader.dataset, index)
        h, w = attention.spatial.shape[2:]
        objects = ET.parse(root / 'Annotations' / f'{index + 2:06d}.xml')
        corners = {}
        for element in objects.iter('object'):
            box = [int(value.text) for value in element.find('bndbox')]
            corners.setdefault(element.find('name').text, []).append(box)
        for label, name in enumerate(CLASSES):
            if attention.logits[0, label] < 0 or name not in corners:
                continue
            y, x = divmod(int(attention.spatial[0, label].argmax()), w)
            x, y = (x + 0.5) * 64 / w, (y + 0.5) * 64 / h
            total += 1
            hits += any(
                x1 - 1 <= x <= x2 and y1 - 1 <= y <= y2
                for x1, y1, x2, y2 in corners[name]
            )
    assert 0 < hits < total
    result = voc_attention.play_voc_pointing_game(model, loader)
    assert result == (hits, total)


def test_pictures_show_what_training_would_erase(parts, tmp_path, monkeypatch):
    model, loader, _ = parts
    draw, drawn = voc_attention.draw_attention, []

    def record(image, spatial, labels, boxes):
        drawn.append((image, spatial, labels, boxes))
        return draw(image, spatial, labels, boxes)

    monkeypatch.setattr(voc_attention, 'draw_attention', record)
    voc_attention.draw_erased_attention(model, loader, tmp_path / 'out', 4)
    names = sorted(path.name for path in (tmp_path / 'out').iterdir())
    assert names == [f'{number:06d}.png' for number in range(2, 6)]
    for index, (image, spatial, labels, boxes) in enumerate(drawn):
        attention = attend(model, loader.dataset, index)
        scores = attention.logits[0].sigmoid()
        best = np.argsort(-scores.numpy(), kind='stable')[:2]
        assert labels == [f'{CLASSES[i]} {scores[i]:.2f}' for i in best]
        torch.testing.assert_close(spatial, attention.spatial[0, best])
        for heat, (x1, y1, x2, y2) in zip(spatial, boxes, strict=True):
            keep = torch.ones_like(heat, dtype=torch.bool)
            keep[y1:y2, x1:x2] = False
            assert torch.equal(model.head.erasing(heat[None])[0], keep)
        path = loader.dataset.get_data_info(index)['img_path']
        assert np.array_equal(image, cv2.imread(path)[..., ::-1])
