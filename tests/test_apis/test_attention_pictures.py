from functools import partial

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from tiny_classifier import CLASSES as NAMES
from tiny_classifier import make_checkpoint, make_config
from tiny_voc import CLASSES, make_voc

from mmsrdl.apis import (
    AttentionDrawer,
    ImageAttention,
    MultiLabelInferencer,
    attend_to_sample,
    attention_pictures,
    compare_top_labels,
    draw_top_labels,
)


@pytest.fixture(scope='module')
def parts(tmp_path_factory):
    return make_voc(tmp_path_factory.mktemp('data') / 'voc')


@pytest.fixture
def drawn(monkeypatch):
    """Arguments of the drawing functions."""
    calls = []

    def record(draw, *args):
        calls.append(args)
        return draw(*args)

    for name in ('draw_attention', 'compare_attention'):
        draw = getattr(attention_pictures, name)
        monkeypatch.setattr(attention_pictures, name, partial(record, draw))
    return calls


def test_pictures_show_what_training_would_erase(parts, drawn):
    model, loader = parts
    dataset, erasing = loader.dataset, model.head.erasing
    for index in range(4):
        info, found = attend_to_sample(model, dataset, index)
        batch = {'inputs': dataset[index]['inputs'][None]}
        images = model.data_preprocessor(batch)['inputs']
        with torch.no_grad():
            attention = model.head.attend(model.extract_feat(images))
        scores = attention.logits[0].sigmoid()
        torch.testing.assert_close(found.scores, scores)
        torch.testing.assert_close(found.spatial, attention.spatial[0])
        pixels = cv2.imread(info['img_path'])[..., ::-1]
        assert np.array_equal(found.image, pixels)

        draw_top_labels(found, CLASSES, 3, erasing, info['gt_label'], 'a.jpg')
        image, spatial, titles, boxes, title = drawn.pop()
        best = np.argsort(-scores.numpy(), kind='stable')[:3]
        marks = ['✓' if i in info['gt_label'] else '✗' for i in best]
        assert titles == [
            f'{CLASSES[i]} {scores[i]:.2f}\u00a0{mark}'
            for i, mark in zip(best, marks, strict=True)
        ]
        assert title == 'a.jpg'
        torch.testing.assert_close(spatial, attention.spatial[0, best])
        # Training erases two labels of these three.
        assert boxes[2].tolist() == [0, 0, 0, 0]
        for heat, (x1, y1, x2, y2) in zip(spatial[:2], boxes, strict=False):
            keep = torch.ones_like(heat, dtype=torch.bool)
            keep[y1:y2, x1:x2] = False
            assert torch.equal(erasing(heat[None])[0], keep)


def attention(*scores, size=8):
    return ImageAttention(
        np.zeros((size, size, 3), np.uint8),
        torch.tensor(scores),
        torch.rand(len(scores), 3, 3),
    )


def test_a_comparison_shows_the_highest_of_any_model(drawn):
    first = attention(0.1, 0.8, 0.3, 0.2)
    second = attention(0.6, 0.1, 0.2, 0.9)
    compare_top_labels(dict(one=first, two=second), 'abcd', 2)
    image, (one, two), labels, title = drawn.pop()
    assert labels == ['d', 'b']
    assert (one.name, two.name) == ('one', 'two')
    assert one.scores == pytest.approx([0.2, 0.8])
    assert two.scores == pytest.approx([0.9, 0.1])
    assert torch.equal(one.spatial, first.spatial[[3, 1]])
    assert one.boxes is None


def test_models_that_see_different_parts_cannot_be_compared():
    pair = dict(one=attention(0.1), two=attention(0.1, size=9))
    with pytest.raises(ValueError, match='different parts'):
        compare_top_labels(pair, 'a', 1)


def test_drawing_by_an_inferencer(inferencer, folder, drawn):
    drawer = AttentionDrawer({'GAP': inferencer}, topk=2)
    path = folder / 'c.jpg'
    drawer.draw(path)
    image, spatial, titles, boxes, title = drawn.pop()
    assert np.array_equal(image, cv2.imread(str(path))[..., ::-1])
    scores = inferencer(path)[0]['scores']
    best = np.argsort(scores)[::-1][:2]
    assert titles == [f'{NAMES[i]} {scores[i]:.2f}' for i in best]
    assert title == 'c.jpg' and boxes is None
    drawer.draw(cv2.imread(str(path)))
    assert np.array_equal(drawn.pop()[0], image)


def test_images_are_drawn_as_their_exif_says(inferencer, tmp_path, drawn):
    image = np.zeros((32, 64, 3), np.uint8)
    image[:, :32] = 255
    turned = Image.fromarray(image)
    exif = turned.getexif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    turned.save(tmp_path / 'turned.png', exif=exif)
    AttentionDrawer({'GAP': inferencer}).draw(tmp_path / 'turned.png')
    assert drawn[0][0].shape == (64, 32, 3)
    assert drawn[0][0][:32].min() == 255 and drawn[0][0][32:].max() == 0


def test_two_models(inferencer, folder, drawn):
    drawer = AttentionDrawer({'a': inferencer, 'b': inferencer}, topk=5)
    drawer.draw(folder / 'a.png')
    _, (one, two), labels, title = drawn.pop()
    assert one.scores == two.scores
    assert sorted(labels) == sorted(NAMES) and title == 'a.png'


def test_mistakes(inferencer, folder, tmp_path):
    with pytest.raises(ValueError, match='MultiLabelLinearClsHead has no era'):
        AttentionDrawer({'GAP': inferencer}, erased=True)
    with pytest.raises(ValueError, match='topk'):
        AttentionDrawer({'GAP': inferencer}, topk=0)
    with pytest.raises(OSError, match='notes.txt'):
        AttentionDrawer({'GAP': inferencer}).draw(folder / 'notes.txt')
    other = MultiLabelInferencer(
        make_config(),
        make_checkpoint(tmp_path / 'tiny.pth'),
        device='cpu',
        classes=['sun', 'moon', 'comet'],
    )
    with pytest.raises(ValueError, match='same classes'):
        AttentionDrawer({'GAP': inferencer, 'other': other})
