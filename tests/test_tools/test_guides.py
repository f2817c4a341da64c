"""Get started, own data, read the results, deployment: all commands.

They run in their order, in this process and on tiny data; only what they
cost is changed.
"""

import json
import os
import re
import runpy
import shlex
import shutil
import sys
from pathlib import Path
from string import Template

import pytest
import torch
from doc_pages import Page, link_checkout, write, write_image
from mmengine.config import Config, DictAction
from mmpretrain.registry import DATASETS, HOOKS, MODELS

from mmsrdl import register_all_modules
from mmsrdl.datasets.synthetic_voc import write_synthetic_voc

pytestmark = pytest.mark.slow

STARTED = Page('docs/get_started.md')
OWN = Page('docs/own_data.md')
RESULTS = Page('docs/read_the_results.md')
DEPLOYMENT = Page('docs/deployment.md')
QUICK = (
    'train_cfg.max_epochs=1',
    'train_dataloader.num_workers=0',
    'val_dataloader.num_workers=0',
)
#: Tested by the packaging test and by test_quickstart.py.
NOT_HERE = ('bash tools/quickstart.sh', 'source ', 'pip install')
#: Test images of the whole quickstart, and of the tiny one.
IMAGES = ('00300', '00001')
QUICKSTART = 'work_dirs/quickstart/epoch_14.pth'


def run_python(words):
    """Run what stands behind ``python`` on a command line."""
    argv, path = sys.argv, [*sys.path]
    try:
        if words[0] == '-c':
            exec(words[1], {})
        else:
            sys.argv = words
            sys.path.insert(0, str(Path(words[0]).resolve().parent))
            runpy.run_path(words[0], run_name='__main__')
    except SystemExit as end:
        assert not end.code, f'{words}: {end.code}'
    finally:
        sys.argv, sys.path[:] = argv, path


def run_page(commands, place, changes=()):
    """Run commands of a page.

    Args:
        commands (Iterable[str]): Lines of the page.
        place (Path): Where ``/datasets`` is.
        changes (Sequence[str]): Options for trainings that they cost less.
    """
    for command in commands:
        if command.startswith(NOT_HERE):
            continue
        command = command.replace('/datasets', f'{place}/datasets')
        command = command.replace(*IMAGES)
        words = shlex.split(Template(command).substitute(os.environ))
        if words[0] == 'export':
            os.environ.update(word.split('=', 1) for word in words[1:])
            continue
        assert words.pop(0) == 'python', command
        if words[0].endswith('train.py'):
            if '--cfg-options' not in words:
                words.append('--cfg-options')
            words += [*QUICK, *changes]
        run_python(words)


@pytest.fixture(scope='module')
def checkout(tmp_path_factory):
    """A checkout with tiny data where the pages have the data."""
    place = tmp_path_factory.mktemp('checkout')
    link_checkout(place)
    write_synthetic_voc(place / 'data/quickstart', 6, 4, 4, num_workers=1)
    holiday = place / 'datasets/holiday'
    (table,) = OWN.blocks('csv')
    write(holiday / 'labels.csv', table)
    for line in table.splitlines()[1:]:
        write_image(holiday / 'images' / line.split(',')[0])
    write_image(place / 'datasets/new_photos/bay.jpg')
    return place


@pytest.fixture
def place(checkout, monkeypatch):
    """That checkout, as the working folder."""
    monkeypatch.chdir(checkout)
    monkeypatch.setattr(os, 'environ', os.environ.copy())
    for name in ('LOCAL_RANK', 'QUICKSTART_ROOT', 'DATA_ROOT'):
        os.environ.pop(name, None)
    return checkout


@pytest.fixture(scope='module')
def trained(checkout):
    """The quickstart's checkpoint, made by the training of the page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(checkout)
        patch.setattr(os, 'environ', os.environ.copy())
        (train,) = (c for c in STARTED.commands() if 'tools/train.py' in c)
        run_page([train], checkout)
    (folder,) = checkout.glob('work_dirs/*')
    made = checkout / QUICKSTART
    made.parent.mkdir(parents=True)
    shutil.copy(folder / 'epoch_1.pth', made)
    return folder


def test_get_started(place, trained, capsys):
    commands = [c for c in STARTED.commands() if 'tools/train.py' not in c]
    run_page(commands, place)
    for block in STARTED.blocks('python'):
        exec(block.replace(*IMAGES), {})
    assert '000013.jpg [' in capsys.readouterr().out
    assert len((place / 'work_dirs/labels.csv').read_text().split()) >= 3
    assert len([*(place / 'work_dirs/shown').iterdir()]) == 2
    assert '<table' in (place / 'work_dirs/report.html').read_text()
    assert (place / 'work_dirs/attention').is_dir()


def test_read_the_results(place, trained):
    run_page(RESULTS.commands(), place)
    top, *_ = RESULTS.text.split('\n## ')
    files = ''.join(re.findall(r'^\| (`.*?) \|', top, re.M))
    for pattern in re.findall(r'`(.+?)`', files):
        assert [*(place / 'work_dirs/test').glob(pattern)], pattern
    chosen = json.loads((place / 'work_dirs/thresholds.json').read_text())
    assert len(chosen['thresholds']) == 16
    assert (place / 'work_dirs/pointing.png').is_file()


def test_deployment(place, trained, capsys):
    run_page(DEPLOYMENT.commands(), place)
    assert 'mAP' in capsys.readouterr().out
    example, _ = DEPLOYMENT.blocks('python')
    exec(example.replace(*IMAGES), {})
    assert capsys.readouterr().out.startswith('[')
    sizes = [
        (place / 'work_dirs' / name / 'end2end.onnx').stat().st_size
        for name in ('deployed', 'deployed-int8')
    ]
    assert 0 < sizes[1] < sizes[0]


def test_example_of_hooks():
    (example,) = RESULTS.blocks('python')
    config = Config.fromstring(example, '.py')
    hooks = [HOOKS.build(hook) for hook in config.custom_hooks]
    assert hooks[1].interval == 5


@pytest.fixture
def holiday(place):
    """The config of the page, and the options that its commands may have."""
    config, *_ = OWN.blocks('python')
    write(place / 'holiday.py', config)
    os.environ['DATA_ROOT'] = str(place / 'datasets/holiday')
    return place / 'holiday.py'


def test_own_data(place, holiday):
    convert, train, *rest = (
        c for c in OWN.commands() if not c.startswith('export')
    )
    run_page([convert], place)
    run_page([train], place, ['model.backbone.init_cfg=None'])
    made = place / 'work_dirs/holiday/epoch_1.pth'
    shutil.copy(made, made.with_name('epoch_20.pth'))
    run_page(rest, place)
    chosen = json.loads((made.parent / 'thresholds.json').read_text())
    assert set(chosen['thresholds']) == {'beach', 'boat', 'person'}
    header, row = (place / 'labels.csv').read_text('utf-8-sig').splitlines()
    assert header.endswith('beach,boat,person') and 'bay.jpg' in row
    assert [*(place / 'shown').iterdir()] and [
        *(place / 'attention').iterdir()
    ]


def test_own_data_variants(place, holiday):
    """Other configs of the page build, and their losses take a batch."""
    entries = [dict(img_path='sea.jpg', gt_label=[0])] * 20
    entries.append(dict(img_path='street.jpg', gt_label=[2]))
    classes = ['beach', 'boat', 'person']
    content = dict(metainfo=dict(classes=classes), data_list=entries)
    write(place / 'datasets/holiday/train.json', json.dumps(content))
    _, deep, rare = OWN.blocks('python')
    weighted = re.sub(r'^# (model|    type)', r'\1', rare, flags=re.M)
    register_all_modules()
    for text, loss, num_images in (
        (deep, 'CrossEntropyLoss', 21),
        (rare, 'AsymmetricLoss', 22),
        (weighted, 'CrossEntropyLoss', 22),
    ):
        path = place / 'variant.py'
        write(path, text)
        cfg = Config.fromfile(path)
        cfg.model.backbone.init_cfg = None
        model = MODELS.build({**cfg.model, 'data_preprocessor': None})
        assert model.head.num_classes == 3
        assert type(model.head.loss_module).__name__ == loss
        weighs = getattr(model.head.loss_module, 'pos_weight', None)
        assert (weighs is not None) == (text is weighted)
        logits = torch.zeros(2, 3, requires_grad=True)
        model.head.loss_module(logits, torch.eye(3)[:2]).backward()
        assert logits.grad.abs().sum() > 0
        images = DATASETS.build(cfg.train_dataloader.dataset)
        assert len(images) == num_images


def test_own_data_without_a_download(place, holiday):
    """Weights from a file are loaded; without any, all stages are trained."""
    local, none = (
        shlex.split(line)
        for block in OWN.blocks('shell')
        for line in block.splitlines()
    )
    cfg = Config.fromfile('holiday.py')
    backbone = MODELS.build({**cfg.model.backbone, 'init_cfg': None})
    state = {f'backbone.{k}': v for k, v in backbone.state_dict().items()}
    torch.save(dict(state_dict=state), place / 'mobilenet_v2.pth')
    for words in (local, none):
        assert words[:3] == ['python', 'tools/train.py', 'holiday.py']
        pairs = (word.split('=', 1) for word in words[4:])
        changes = {key: DictAction._parse_iterable(v) for key, v in pairs}
        cfg = Config.fromfile('holiday.py')
        cfg.merge_from_dict(changes)
        if words is local:
            assert cfg.model.backbone.init_cfg.checkpoint.startswith('/')
            cfg.model.backbone.init_cfg.checkpoint = 'mobilenet_v2.pth'
        made = MODELS.build(cfg.model.backbone)
        made.init_weights()
        made.train()
        trains = all(weight.requires_grad for weight in made.parameters())
        assert trains == (words is none)
        first = made.conv1.conv.weight
        same = torch.equal(first, backbone.conv1.conv.weight)
        assert same == (words is local)
