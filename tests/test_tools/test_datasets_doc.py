"""The commands of docs/datasets.md, run in its order on tiny data.

Each converter is in it, so this is the test of them as programs.
"""

import json
import os
import re
import shlex
import shutil
from pathlib import Path
from string import Template

import numpy as np
import pytest
from doc_pages import ROOT, Page, link_checkout, write, write_image
from mmengine.config import Config
from programs import run_program
from test_readme import QUICK

from mmsrdl.datasets import MultiLabelJson
from mmsrdl.datasets.label_sets import COCO_CLASSES, NUSWIDE_CLASSES
from mmsrdl.datasets.protocols import list_protocols, load_protocol

pytestmark = pytest.mark.slow

DOC = Page('docs/datasets.md')
CONVERTERS = sorted(
    path.name
    for path in (ROOT / 'tools/dataset_converters').glob('*_to_multilabel.py')
)


def make_own(root):
    """The pictures and files of all the ways to bring own images."""
    (table,) = DOC.blocks('csv')
    write(root / 'labels.csv', table + 'pier.jpg,boat\n')
    write(root / 'data.yaml', 'names: [beach, boat, person]')
    for name, labels in {
        'sea': 'beach,boat',
        'street': 'person',
        'pier': 'boat',
    }.items():
        write_image(root / f'images/{name}.jpg')
        write_image(root / f'images/{labels}/{name}.jpg')
    for split in ('train', 'val'):
        write_image(root / f'images/{split}/sea.jpg')
        write(root / f'labels/{split}/sea.txt', '1 0.5 0.5 0.1 0.1\n')


def make_coco(root):
    content = dict(
        images=[dict(id=i, file_name=f'{i}.jpg') for i in (1, 2)],
        annotations=[dict(id=1, image_id=1, category_id=18)],
        categories=[
            dict(id=i, name=name) for i, name in enumerate(COCO_CLASSES)
        ],
    )
    for split in ('train2014', 'val2014'):
        path = root / f'annotations/instances_{split}.json'
        write(path, json.dumps(content))


def make_voc(root):
    for split in ('trainval', 'test'):
        write(root / f'ImageSets/Main/{split}.txt', f'{split}\n')
        write_image(root / f'JPEGImages/{split}.jpg')
    text = '<annotation><object><name>dog</name></object></annotation>'
    write(root / 'Annotations/trainval.xml', text)


def make_nuswide(root):
    for split in ('Train', 'Test'):
        write(root / f'ImageList/{split}Imagelist.txt', 'a\\1.jpg\nb\\2.jpg\n')
        for name in NUSWIDE_CLASSES:
            path = f'Groundtruth/TrainTestLabels/Labels_{name}_{split}.txt'
            write(root / path, '1\n1\n' if name == 'sky' else '0\n0\n')
    write_image(root / 'Flickr/a/1.jpg')


def make_vg(root):
    write_image(root / 'VG_100K/1.jpg')
    write_image(root / 'VG_100K_2/2.jpg')
    index = {'1.jpg': [0, 3], '2.jpg': [499]}
    write(root / 'vg_category_500_labels_index.json', json.dumps(index))
    names = {f'c{i}': [] for i in range(256)}
    write(root / 'vg256.json', json.dumps(names))
    for split in ('train', 'test', 'val'):
        write(root / f'{split}_list_500.txt', '1.jpg\n2.jpg\n')
        start = str(root / f'formatted_{split}')
        np.save(f'{start}_images.npy', np.array(['VG_100K/2.jpg']))
        np.save(f'{start}_labels.npy', np.eye(1, 256))


@pytest.fixture
def place(tmp_path):
    """A checkout with tiny data where the page has the data."""
    link_checkout(tmp_path)
    data = tmp_path / 'datasets'
    make_own(data / 'holiday')
    make_coco(data / 'coco')
    make_voc(data / 'VOCdevkit/VOC2007')
    make_voc(data / 'VOCdevkit/VOC2012')
    make_nuswide(data / 'NUS-WIDE')
    make_vg(data / 'VG')
    return tmp_path


def load(place, path, images):
    return MultiLabelJson(
        str(place / 'datasets' / path),
        data_prefix=str(place / 'datasets' / images),
        test_mode=True,
    )


@pytest.fixture
def convert(call_tool, capsys):
    """Runs a converter in this process, which takes no time to start."""

    def run(tool, *args):
        capsys.readouterr()
        call_tool(f'dataset_converters/{tool}', *args).main()
        return capsys.readouterr().out

    return run


def run(command, place, environment):
    done = run_program(*command, cwd=place, env=environment)
    assert done.returncode == 0, f'{command}\n{done.stdout}{done.stderr}'
    return done.stdout


def test_commands(place, convert):
    """They end without an error; what they make can be trained on."""
    environment = {
        **os.environ,
        'PYTHONPATH': str(ROOT),
        'OMP_NUM_THREADS': '1',
    }
    used = set()
    for line in DOC.commands():
        words = shlex.split(Template(line).substitute(environment))
        if words[0] == 'export':
            for setting in words[1:]:
                name, value = setting.split('=')
                environment[name] = f'{place}{value}'
            continue
        assert words.pop(0) == 'python'
        tool = Path(words[0]).name
        if tool == 'train.py':
            words += ['--cfg-options', *QUICK(epochs=1).split()]
        if tool in used:
            output = convert(tool, *words[1:])
        else:
            output = run(words, place, environment)
        used.add(tool)
        if tool in CONVERTERS:
            assert ' images, ' in output
            assert ('NOT AS HERE' in output) != ('$DATA_ROOT' in line)
        if tool == 'train.py':
            folder = place / 'work_dirs/srdl_mobilenet-v2_own-images'
            shutil.copy(folder / 'epoch_1.pth', folder / 'epoch_20.pth')
    assert set(CONVERTERS) < used
    assert json.loads((place / 'labels.json').read_text())

    voc = load(
        place, 'VOCdevkit/VOC2012/test.json', 'VOCdevkit/VOC2012/JPEGImages'
    )
    assert 'gt_label' not in voc.get_data_info(0)
    sky = load(place, 'NUS-WIDE/train.json', 'NUS-WIDE/Flickr')
    assert len(sky) == 1
    assert sky.metainfo['protocol'] == 'nuswide'
    skipped = place / 'datasets/NUS-WIDE/train.json.skipped.txt'
    assert skipped.read_text() == 'b/2.jpg\timage missing\n'
    for name in ('vg500_train', 'vg500_test', 'vg256_train', 'vg256_val'):
        vg = load(place, f'VG/{name}.json', 'VG')
        path = vg.get_data_info(len(vg) - 1)['img_path']
        assert path.endswith('VG_100K_2/2.jpg')


def test_two_ways_to_bring_own_images(place, convert):
    """They make the same labels of the same pictures."""
    root = place / 'datasets/holiday'
    images = root / 'images'
    for path in (*images.glob('*.jpg'), *images.glob('*/sea.jpg')):
        if ',' not in path.parent.name:
            path.unlink()
    found = {}
    for tool, source in (('csv', root / 'labels.csv'), ('folders', images)):
        out = place / f'{tool}.json'
        output = convert(f'{tool}_to_multilabel.py', source, out)
        assert "classes = ['beach', 'boat', 'person']" in output
        found[tool] = {
            Path(entry['img_path']).name: entry['gt_label']
            for entry in json.loads(out.read_text())['data_list']
        }
    assert found['csv'] == found['folders']
    assert found['csv']['sea.jpg'] == [0, 1]


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['none.csv', 'x.json'], "error: There is no file 'none.csv'."),
        (['a.csv', 'x.json', '--missing', 'drop'], '--missing needs --images'),
        (['a.csv', 'x.json', '--val', 'x.json'], '--val must be another file'),
    ],
)
def test_errors_are_one_line(args, message, convert, tmp_path, capsys):
    write(tmp_path / 'a.csv', 'image,label\na.jpg,cat\n')
    with pytest.raises(SystemExit) as info:
        convert('csv_to_multilabel.py', *args)
    assert info.value.code
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / 'x.json').exists()


def test_table_of_protocols():
    rows = re.findall(
        r'^\| `(.*)` \| ([\d,]+) / ([\d,]+) \|(.*)\|$', DOC.text, re.M
    )
    assert sorted(row[0] for row in rows) == list_protocols()
    for name, train, test, rest in rows:
        protocol = load_protocol(name)
        counts = [f'{count:,}' for count in protocol.splits.values()][-2:]
        assert [train, test] == counts, name
        empty, difficult, ap, papers = (
            part.strip() for part in rest.split('|')
        )
        assert empty == ('left out' if protocol.filter_empty else 'kept')
        assert ap == protocol.ap
        assert papers == ', '.join(protocol.papers)
        policies = (protocol.difficult or {}).values()
        assert difficult == (', '.join(policies) or '–')


def test_example_config():
    _, example = DOC.blocks('python')
    config = Config.fromstring(example, '.py')
    dataset, metric = config.train_dataloader.dataset, config.val_evaluator
    protocol = load_protocol(dataset.protocol)
    assert dataset.difficult == protocol.difficult['train']
    assert protocol.differences('area', metric.difficult) == []
