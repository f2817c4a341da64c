import csv
import json
from pathlib import Path

import cv2
import pytest
import torch
from mmengine.config import Config
from mmpretrain import get_model

from mmsrdl.datasets.synthetic_voc import write_synthetic_voc

TOOL = 'analysis_tools/pointing_game.py'
CONFIGS = Path(__file__).parents[2] / 'configs/quickstart'


@pytest.fixture(scope='module')
def models(tmp_path_factory):
    """Config and random weights of SRDL and of GMP, and few images."""
    folder = tmp_path_factory.mktemp('models')
    write_synthetic_voc(folder / 'voc', 1, 0, 6, 64, num_workers=1)
    paths = {}
    for name in ('srdl', 'gmp'):
        cfg = Config.fromfile(CONFIGS / f'{name}_quickstart.py')
        cfg.test_dataloader.dataset.data_root = str(folder / 'voc')
        cfg.dump(folder / f'{name}.py')
        torch.manual_seed(0)
        model = get_model(cfg)
        torch.nn.init.normal_(list(model.head.parameters())[-2])
        weights = folder / f'{name}.pth'
        torch.save(model.state_dict(), weights)
        paths[name] = [str(folder / f'{name}.py'), str(weights)]
    return paths


def test_two_models(run_tool, models, tmp_path):
    outputs = [tmp_path / f'new/out.{kind}' for kind in ('json', 'csv', 'png')]
    options = ['--baseline', *models['gmp'], '--names', 'SRDL', 'GMP']
    for option, path in zip(('json', 'csv', 'plot'), outputs, strict=True):
        options += [f'--{option}', path]
    done = run_tool(TOOL, *models['srdl'], *options, '--device', 'cpu')
    assert done.returncode == 0, done.stderr

    content = json.loads(outputs[0].read_text())
    assert content['images'] == 6
    first, second = content['models']
    assert (first['name'], second['name']) == ('SRDL', 'GMP')
    assert first['config'] == models['srdl'][0] and first['thr'] == 0.5
    labels = first['summary']['labels']
    assert labels == sum(row['SRDL labels'] for row in content['classes'])
    hits = sum(
        row['SRDL labels'] * (row['SRDL pointing'] or 0)
        for row in content['classes']
    )
    assert first['summary']['pointing'] == pytest.approx(hits / labels)
    common = content['common']['GMP']['labels']
    assert common == content['common']['SRDL']['labels'] <= labels
    assert f'On the {common} labels that both predict' in done.stdout

    rows = list(csv.DictReader(outputs[1].read_text('utf-8-sig').splitlines()))
    assert len(rows) == 16 + 2
    assert rows[-2]['class'] == 'all labels'
    assert float(rows[-2]['SRDL energy']) == first['summary']['energy']
    for row in rows:
        assert f'| {row["class"]} ' in done.stdout
    assert cv2.imread(str(outputs[2])).std() > 0


@pytest.fixture
def call(call_tool, capsys, models):
    def run(*args):
        try:
            call_tool(TOOL, *args, '--device', 'cpu').main()
        except SystemExit as end:
            message = end.code if isinstance(end.code, str) else ''
            return capsys.readouterr().err + message
        return capsys.readouterr().out

    return run


def test_all_labels_that_images_show(call, models, tmp_path):
    options = ['--cfg-options', 'test_dataloader.dataset.indices=3']
    files = ['--json', tmp_path / 'out.json']
    text = call(*models['gmp'], '--thr', '0', *files, *options)
    content = json.loads((tmp_path / 'out.json').read_text())
    dataset = Config.fromfile(models['gmp'][0]).test_dataloader.dataset
    root = Path(dataset.data_root)
    shown = 0
    for image in (root / 'ImageSets/Main/test.txt').read_text().split()[:3]:
        xml = (root / f'Annotations/{image}.xml').read_text()
        objects = xml.split('<object>')[1:]
        sure = [o for o in objects if '<difficult>0<' in o]
        shown += len({o.split('name>')[1] for o in sure})
    assert content['models'][0]['summary']['labels'] == shown
    assert content['images'] == 3
    assert '| all labels ' in text


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['--thr', '2'], '--thr must be in [0, 1]'),
        (['--plot', 'x.txt'], '--plot must end in'),
        (['--names', 'a', 'b'], '--names needs 1 different names'),
        (['--baseline', 'no.py', 'no.pth'], 'there is no config no.py'),
        (['--baseline', 'SRDL', 'no.pth'], 'error: no.pth can not be found'),
    ],
)
def test_mistakes(call, models, args, message):
    config, _ = models['srdl']
    args = [config if arg == 'SRDL' else arg for arg in args]
    assert message in call(*models['srdl'], *args)


def test_no_checkpoint_and_other_data(call, models, tmp_path):
    config, weights = models['srdl']
    assert 'error: no.pth can not be found' in call(config, 'no.pth')
    cfg = Config.fromfile(config)
    cfg.test_dataloader.dataset.indices = 2
    cfg.dump(tmp_path / 'other.py')
    other = ['--baseline', tmp_path / 'other.py', weights]
    text = call(config, weights, *other)
    assert 'test on different data: 6 and 2 images' in text
    cfg.test_dataloader.dataset = dict(
        type='MultiLabelJson',
        ann_file=str(tmp_path / 'x.json'),
        pipeline=cfg.test_dataloader.dataset.pipeline,
    )
    entries = [dict(img_path=__file__, gt_label=[0])]
    classes = dict(classes=cfg.classes)
    (tmp_path / 'x.json').write_text(
        json.dumps(dict(metainfo=classes, data_list=entries))
    )
    cfg.dump(tmp_path / 'other.py')
    text = call(tmp_path / 'other.py', weights)
    assert 'error: MultiLabelJson has no boxes' in text
