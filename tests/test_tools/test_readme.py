"""The README's commands, run in its order on tiny data.

Only what they cost is changed: arguments that shorten a training are added,
and GPUs are not needed, as a stand-in records what the launchers start.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from string import Template

import pytest
from doc_pages import ROOT, Page, link_checkout, write, write_image
from mmengine.config import Config
from mmpretrain.registry import HOOKS
from programs import run_program

from mmsrdl.datasets.label_sets import COCO_CLASSES, VOC_CLASSES

pytestmark = pytest.mark.slow

README = Page('README.md')
QUICK = (
    'model.backbone.init_cfg=None train_cfg.max_epochs={epochs} '
    'train_dataloader.num_workers=0 val_dataloader.num_workers=0 '
    'test_dataloader.num_workers=0'
).format
#: Run elsewhere: by the packaging test, by hand before a release.
NOT_HERE = (
    'bash tools/quickstart.sh',
    'bash tools/run_tests.sh',
    "pip install -e '.[mim,cpu]'",
)


@pytest.fixture
def place(tmp_path):
    """A checkout with tiny data where the README has the data."""
    link_checkout(tmp_path)
    data = tmp_path / 'datasets'
    voc = data / 'VOCdevkit/VOC2007'
    for split in ('trainval', 'test'):
        write(voc / f'ImageSets/Main/{split}.txt', f'{split}\n')
        write_image(voc / f'JPEGImages/{split}.jpg')
        write(
            voc / f'Annotations/{split}.xml',
            '<annotation><object><name>dog</name></object></annotation>',
        )
    for split in ('train2014', 'val2014'):
        write_image(data / f'coco/{split}/a.jpg')
        content = dict(
            images=[dict(id=1, file_name='a.jpg')],
            annotations=[dict(id=1, image_id=1, category_id=18)],
            categories=[
                dict(id=i, name=name) for i, name in enumerate(COCO_CLASSES)
            ],
        )
        path = data / f'coco/annotations/instances_{split}.json'
        write(path, json.dumps(content))
    (own,) = README.blocks('json')
    for name in ('train.json', 'val.json'):
        write(data / 'holiday' / name, own)
    names = ('sea.jpg', 'street.jpg', 'quay.jpg', 'bay.jpg', 'fair.jpg')
    for name in names:
        write_image(data / 'holiday/images' / name)
    lines = ['image,labels', *(f'{name},beach;boat;person' for name in names)]
    write(data / 'holiday/labels.csv', '\n'.join(lines))
    write_image(tmp_path / 'photo.jpg')

    words = {w for name in COCO_CLASSES + VOC_CLASSES for w in name.split()}
    words |= {'hotdog', 'cellphone', 'table', 'plant', 'tv'}
    vector = ' '.join(['0.5'] * 300)
    lines = [f'{word} {vector}' for word in sorted(words)]
    write(tmp_path / 'glove.6B.300d.txt', '\n'.join(lines))

    recorder = tmp_path / 'bin/python'
    write(
        recorder,
        f'#!/bin/sh\nif [ "$2" = torch.distributed.run ]\n'
        f'then echo "$@" >> {tmp_path}/launched\n'
        f'else exec {sys.executable} "$@"\nfi\n',
    )
    recorder.chmod(0o755)
    return tmp_path


def test_commands(place):
    """They end without an error, and leave what they should."""
    environment = {
        **os.environ,
        'PATH': f'{place}/bin:{os.environ["PATH"]}',
        'PYTHONPATH': str(place),
        'OMP_NUM_THREADS': '1',
    }
    ran = []
    for command in README.commands():
        if command.startswith(NOT_HERE):
            continue
        if command.startswith('export '):
            name, value = command.removeprefix('export ').split('=')
            environment[name] = value.replace('/datasets', f'{place}/datasets')
            continue
        if 'tools/train.py' in command or 'tools/test.py' in command:
            epochs = 2 if '--resume' in command else 1
            if '--cfg-options' not in command:
                command += ' --cfg-options'
            command += ' ' + QUICK(epochs=epochs)
            if 'r101' in command:
                command += (
                    ' model.backbone.depth=18 model.head.in_channels=512'
                )
        words = shlex.split(Template(command).substitute(environment))
        if words[0] == 'python':
            done = run_program(*words[1:], cwd=place, env=environment)
        else:
            done = subprocess.run(
                words,
                cwd=place,
                env=environment,
                capture_output=True,
                text=True,
            )
        assert done.returncode == 0, f'{command}\n{done.stdout}{done.stderr}'
        ran.append(command)
        for checkpoint in place.glob('work_dirs/*/epoch_1.pth'):
            shutil.copy(checkpoint, checkpoint.with_name('epoch_20.pth'))
    assert len(ran) >= 10

    launched = (place / 'launched').read_text().splitlines()
    assert len(launched) == 2
    for line, tool in zip(launched, ('train.py', 'test.py')):
        assert '--nproc_per_node=8' in line and tool in line
        assert 'configs/srdl/srdl_r101_coco.py' in line
    resumed = place / 'work_dirs/srdl_mobilenet-v2_voc07/epoch_2.pth'
    assert resumed.is_file()
    (prediction,) = json.loads((place / 'labels.json').read_text())
    assert len(prediction['scores']) == 3
    for made in ('shown/*.png', 'attention/*.png', 'report.html',
                 'thresholds.json', 'deployed/end2end.onnx'):  # fmt: skip
        assert list(place.glob(made)), made

    example, _ = README.blocks('python')
    write(place / 'example.py', example)
    done = run_program('example.py', cwd=place, env=environment)
    assert done.returncode == 0, done.stderr
    assert re.search(r'\[.*\] \[.*\]$', done.stdout.strip())


def test_example_variant():
    """It inherits, and its hook can be made."""
    _, variant = README.blocks('python')
    path = ROOT / 'configs/srdl/srdl_r101_coco.py'
    config = Config.fromstring(
        variant.replace('./srdl_r101_coco.py', str(path)), '.py'
    )
    (hook,) = config.custom_hooks
    assert HOOKS.build(hook).begin == 5
