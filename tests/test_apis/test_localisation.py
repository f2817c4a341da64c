import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import torch
from mmengine.dataset import pseudo_collate
from tiny_voc import CLASSES, make_voc

from mmsrdl.apis import localise_dataset
from mmsrdl.datasets import CocoMultiLabel
from mmsrdl.evaluation import energy_in_boxes

LOAD = dict(type='LoadImageFromFile')
SIZE = dict(type='Resize', scale=(96, 96))
META = ('sample_idx', 'ori_shape')


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return tmp_path_factory.mktemp('data') / 'voc'


def with_pipeline(root, *steps, name='srdl', meta=META):
    pack = dict(type='PackInputs', meta_keys=meta)
    steps = [LOAD, *steps, pack]
    return make_voc(root, name, **{'test_dataloader.dataset.pipeline': steps})


def maps_of(model, dataset, index):
    batch = {'inputs': dataset[index]['inputs'][None]}
    images = model.data_preprocessor(batch)['inputs']
    with torch.no_grad():
        attention = model.head.attend(model.extract_feat(images))
    return attention.logits[0].sigmoid(), attention.spatial[0]


def objects_of(root, index):
    """Corners of all objects, and names of those that are sure."""
    path = root / 'Annotations' / f'{index + 2:06d}.xml'
    corners, sure = {}, set()
    for element in ET.parse(path).iter('object'):
        x1, y1, x2, y2 = (int(v.text) for v in element.find('bndbox'))
        name = element.find('name').text
        corners.setdefault(name, []).append((x1 - 1, y1 - 1, x2, y2))
        if element.find('difficult').text == '0':
            sure.add(name)
    return corners, sure


def test_every_sure_label_is_measured(root):
    model, loader = with_pipeline(root, SIZE)
    found = localise_dataset(model, loader)
    rows = []
    for index in range(len(loader.dataset)):
        scores, spatial = maps_of(model, loader.dataset, index)
        h, w = spatial.shape[1:]
        corners, sure = objects_of(root, index)
        for label, name in enumerate(CLASSES):
            if name not in sure:
                continue
            y, x = divmod(int(spatial[label].argmax()), w)
            x, y = (x + 0.5) * 64 / w, (y + 0.5) * 64 / h
            hit = any(
                x1 <= x <= x2 and y1 <= y <= y2
                for x1, y1, x2, y2 in corners[name]
            )
            boxes = torch.tensor(corners[name]) / 64
            energy = energy_in_boxes(spatial[label][None], [boxes])
            rows.append((index, label, scores[label], hit, energy))
    image, label, score, hit, energy = (
        torch.tensor(column) for column in zip(*rows, strict=True)
    )
    assert 0 < hit.sum() < len(hit)
    assert torch.equal(found.image, image)
    assert torch.equal(found.label, label)
    assert torch.equal(found.hit, hit)
    torch.testing.assert_close(found.score, score)
    torch.testing.assert_close(found.energy, energy.double())
    assert (found.area > 0).all() and (found.area < 1).all()


def test_mirrored_inputs_give_the_same(root, monkeypatch):
    model, loader = with_pipeline(root, SIZE, name='gmp')
    plain = localise_dataset(model, loader)
    flip = dict(type='RandomFlip', prob=1.0, direction='diagonal')
    _, loader = with_pipeline(root, SIZE, flip, name='gmp')
    attend = model.backbone.forward
    # A network that has learnt mirrored images.
    monkeypatch.setattr(
        model.backbone,
        'forward',
        lambda x: tuple(y.flip(2, 3) for y in attend(x.flip(2, 3))),
    )
    mirrored = localise_dataset(model, loader)
    for one, other in zip(plain, mirrored, strict=True):
        torch.testing.assert_close(one, other)


def test_boxes_outside_of_a_crop_do_not_count(root):
    crop = dict(type='CenterCrop', crop_size=8)
    model, loader = with_pipeline(root, crop)
    found = localise_dataset(model, loader)
    expected = []
    for index in range(len(loader.dataset)):
        corners, sure = objects_of(root, index)
        for label, name in enumerate(CLASSES):
            if name in sure and any(
                x1 < 36 and y1 < 36 and x2 > 28 and y2 > 28
                for x1, y1, x2, y2 in corners[name]
            ):
                expected.append((index, label))
    pairs = zip(found.image.tolist(), found.label.tolist(), strict=True)
    assert list(pairs) == expected
    whole = localise_dataset(*with_pipeline(root))
    assert len(found.label) < len(whole.label)


@pytest.mark.parametrize(
    ('steps', 'meta', 'message'),
    [
        ([SIZE], ('sample_idx',), "'ori_shape'"),
        ([SIZE, dict(type='RandomFlip', prob=0.5)], META, 'each time'),
    ],
)
def test_pipelines_that_do_not_tell(root, steps, meta, message):
    with pytest.raises(ValueError, match=message):
        localise_dataset(*with_pipeline(root, *steps, meta=meta))


def test_boxes_are_needed(root):
    model, loader = with_pipeline(root, SIZE)
    loader = torch.utils.data.DataLoader([loader.dataset[0]])
    with pytest.raises(ValueError, match=r'list has no boxes.*get_boxes'):
        localise_dataset(model, loader)


def test_coco_gives_what_voc_gives(root, tmp_path):
    model, loader = with_pipeline(root, SIZE)
    found = localise_dataset(model, loader)
    content = dict(
        images=[],
        annotations=[],
        categories=[
            dict(id=3 * i, name=name) for i, name in enumerate(CLASSES)
        ],
    )
    for index in range(len(loader.dataset)):
        name = Path(loader.dataset.get_data_info(index)['img_path']).name
        image = dict(id=index, file_name=name, width=640, height=64)
        content['images'].append(image)
        for box, label, hard in zip(
            *loader.dataset.get_boxes(index), strict=True
        ):
            x1, y1, x2, y2 = (box * (640, 64, 640, 64)).tolist()
            content['annotations'].append(
                dict(
                    id=len(content['annotations']) + 1,
                    image_id=index,
                    category_id=3 * int(label),
                    bbox=[x1, y1, x2 - x1, y2 - y1],
                    iscrowd=int(hard),
                )
            )
    (tmp_path / 'instances.json').write_text(json.dumps(content))
    steps = loader.dataset.pipeline.transforms
    dataset = CocoMultiLabel(
        str(root),
        str(tmp_path / 'instances.json'),
        'JPEGImages',
        classes=CLASSES,
        filter_empty=False,
        test_mode=True,
    )
    dataset.pipeline.transforms = steps
    loader = torch.utils.data.DataLoader(dataset, 4, collate_fn=pseudo_collate)
    for one, other in zip(found, localise_dataset(model, loader), strict=True):
        torch.testing.assert_close(one, other)
