import json
import pickle

import cv2
import numpy as np
import pytest
import torch

from mmsrdl.analysis import PredictionDump

CLASSES = ('dog', '猫', '<script>alert(1)</script>', 'a & $b$', 'unicorn')
"""Awkward names; no image shows the last one."""


def make_samples(folder, count=40):
    """What MMEngine would dump: dicts of images, every second one on disk."""
    num_classes = len(CLASSES)
    rng = np.random.default_rng(0)
    generator = torch.Generator().manual_seed(0)
    samples = []
    for i in range(count):
        path = folder / f'<b>{i}.png'
        if i % 2 == 0:
            image = rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)
            path.write_bytes(cv2.imencode('.png', image)[1].tobytes())
        labels = np.flatnonzero(rng.random(num_classes - 1) < 0.4).tolist()
        logits = torch.randn(num_classes, generator=generator) - 0.5
        logits[labels] += 2
        sample = dict(
            img_path=str(path),
            pred_score=logits.sigmoid(),
            pred_label=(logits >= 0).nonzero().flatten(),
            gt_label=torch.tensor(labels, dtype=torch.long),
        )
        if i % 5 == 0:
            # 1 present, 0 absent, -1 unknown
            score = torch.zeros(num_classes)
            score[labels] = 1
            score[-2] = -1
            sample['gt_score'] = score
        samples.append(sample)
    return samples


def write_dump(path, samples, record=None):
    """Write a dump as MMEngine does, and a record as tools/test.py does."""
    content = pickle.dumps(samples, protocol=2)
    if record is not None:
        text = json.dumps({'mmsrdl_dump': 1, **record})
        content += f'\n{text}\n'.encode()
    path.write_bytes(content)
    return path


@pytest.fixture
def dump(tmp_path):
    """A dump with everything awkward that a file may hold."""
    folder = tmp_path / 'images'
    folder.mkdir()
    record = dict(
        classes=CLASSES,
        config='</script><script>alert(2)</script>.py',
        checkpoint='"onload="alert(3).pth',
        dataset=dict(type='MultiLabelJson', data_root='<i>data</i>'),
        metric=dict(thr=0.4),
        versions=dict(torch='2.15'),
    )
    path = write_dump(tmp_path / 'dump.pkl', make_samples(folder), record)
    return PredictionDump.load(path)
