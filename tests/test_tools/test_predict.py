import csv
import json

import cv2
import numpy as np
import pytest
import torch

import mmsrdl.deploy
from mmsrdl.apis import MultiLabelInferencer

OPTIONS = ['--device', 'cpu']


@pytest.fixture
def predict(call_tool, tiny, capsys):
    """Runs the tool in this process: exit status, output, error stream."""

    def run(*args, config=tiny.config, checkpoint=tiny.checkpoint):
        model = ['--config', config, '--checkpoint', checkpoint]
        tool = call_tool('predict.py', *args, *model, *OPTIONS)
        status = 0
        try:
            tool.main()
        except SystemExit as end:
            status = end.code
            if isinstance(status, str):
                print(status, file=tool.sys.stderr)
                status = 1
        streams = capsys.readouterr()
        return status, streams.out, streams.err

    return run


def test_table_file_and_pictures(run_tool, tiny, tmp_path):
    out, pictures = tmp_path / 'new/out.json', tmp_path / 'pictures'
    images = [tiny.config.parent / '3.png', tiny.config.parent]
    done = run_tool(
        'predict.py',
        *(*images, '--config', tiny.config, '--checkpoint', tiny.checkpoint),
        *('--thr', '0', '--topk', '2', '--batch-size', '5', *OPTIONS),
        *('--out', out, '--show-dir', pictures),
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(out.read_text())
    names = [result['img_path'] for result in results]
    in_folder = sorted(map(str, tiny.config.parent.glob('*.png')))
    assert names == [str(images[0]), *in_folder]
    assert len(list(pictures.iterdir())) == len(names)
    expected = []
    for result in results:
        labels = np.argsort(result['scores'], kind='stable')[::-1][:2]
        assert result['pred_labels'] == labels.tolist()
        lines = [
            f'{score:.3f}  {name}'
            for name, score in zip(
                result['pred_classes'], result['pred_scores'], strict=True
            )
        ]
        expected += [
            f'{result["img_path"]} {lines[0]}'.split(),
            *(line.split() for line in lines[1:]),
        ]
    table = [line.split() for line in done.stdout.splitlines()]
    assert table == expected
    assert 'Inference' not in done.stderr  # a bar is for terminals


def test_options_are_the_inferencers(predict, tiny, tmp_path):
    inferencer = MultiLabelInferencer(str(tiny.config), tiny.checkpoint, 'cpu')
    thresholds = dict(zip(inferencer.classes, (0.2, 0.9, 0.4)))
    path = tmp_path / 'thr.json'
    path.write_text(json.dumps(dict(thresholds=thresholds)))
    options = ['--thr', path, '--tta', '--workers', '0', '--out', 'out.csv']
    status, _, _ = predict(tiny.config.parent, *options)
    assert status == 0
    results = inferencer(tiny.config.parent, thr=thresholds, tta=True)
    with open('out.csv', encoding='utf-8-sig', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['image'] for row in rows] == [r['img_path'] for r in results]
    for row, result in zip(rows, results):
        assert row['labels'] == ';'.join(result['pred_classes'])
        scores = [float(row[name]) for name in inferencer.classes]
        assert scores == pytest.approx(result['scores'], abs=1e-6)


def test_no_label_and_no_image(predict, tiny, tmp_path):
    broken = tmp_path / 'broken.jpg'
    broken.write_text('no image')
    image = tiny.config.parent / '0.png'
    arguments = [broken, image, '--thr', '1', '--batch-size', '2']
    status, out, err = predict(*arguments)
    first, second = out.splitlines()
    assert first.startswith(f'{broken}') and 'Cannot read' in first
    assert second.split() == [str(image), 'no', 'label']
    assert status == 1
    assert '1 of 2 images could not be read' in err


def test_an_exported_model(call_tool, tiny, tmp_path, monkeypatch, capsys):
    """It needs neither config nor checkpoint."""
    made = MultiLabelInferencer(str(tiny.config), tiny.checkpoint, 'cpu')

    def load(path, device):
        assert (path, device) == ('model.onnx', 'cpu')
        made.model._dataset_meta = dict(classes=made.classes)
        return made.model

    monkeypatch.setattr(
        mmsrdl.deploy, 'load_backend_model', load, raising=False
    )
    (tmp_path / 'model.onnx').touch()
    image = tiny.config.parent / '0.png'
    options = ['--model', 'model.onnx', '--topk', '1', *OPTIONS]
    call_tool('predict.py', image, *options).main()
    (result,) = made(image, topk=1)
    expected = [str(image), f'{result["pred_scores"][0]:.3f}']
    assert capsys.readouterr().out.split()[:2] == expected
    with pytest.raises(SystemExit):
        call_tool('predict.py', image, *options, '--config', 'x.py').main()
    assert '--model excludes --config' in capsys.readouterr().err


def test_an_interrupted_run_keeps_what_it_has(predict, tiny, monkeypatch):
    def iterate(self, *args, **kwargs):
        yield dict(img_path='a.jpg', error='none')
        raise KeyboardInterrupt

    monkeypatch.setattr(MultiLabelInferencer, 'iterate', iterate)
    status, out, err = predict(tiny.config.parent, '--out', 'out.json')
    assert (status, out.split()) == (1, ['a.jpg', 'none'])
    assert err.splitlines()[-1] == 'interrupted, see out.json.part'
    with open('out.json.part') as file:
        assert 'a.jpg' in file.read()


def test_checkpoint_of_other_classes(predict, tiny, tmp_path):
    content = torch.load(tiny.checkpoint, weights_only=False)
    weights = content['state_dict']
    weights['head.classifier.weight'] = torch.zeros(5, 64)
    torch.save(dict(state_dict=weights), tmp_path / 'other.pth')
    checkpoint = tmp_path / 'other.pth'
    status, _, err = predict(tiny.config.parent, checkpoint=checkpoint)
    assert status == 1
    last = err.splitlines()[-1]
    assert last.startswith('error: ') and 'number of classes' in last


@pytest.mark.parametrize(
    'args, options, message',
    [
        (['no.jpg'], {}, 'there is no image or folder no.jpg'),
        (['.'], dict(config='no.py'), "There is no config 'no.py'"),
        (['.'], dict(checkpoint='no.pth'), 'no checkpoint no.pth'),
        (['.', '--thr', '2'], {}, 'thr must be in [0, 1], got 2.0'),
        (['.', '--thr', 'no.json'], {}, "There is no file 'no.json'"),
        (['.', '--batch-size', '0'], {}, 'batch_size must be >= 1, got 0'),
        (['.', '--out', 'x.txt'], {}, '--out must end in .json or .csv'),
        (['.', '--out', 'folder.csv'], {}, "'folder.csv' is a folder"),
        (['.', '--show-dir', '.'], {}, "'.' holds inputs"),
        (['.', '--model', 'x.pth'], {}, '--model excludes --config'),
        (['folder.csv'], {}, 'holds no image'),
    ],
)
def test_mistakes(predict, tmp_path, args, options, message):
    (tmp_path / 'folder.csv').mkdir()
    cv2.imwrite('a.png', np.zeros((32, 32, 3), np.uint8))
    status, _, err = predict(*args, **options)
    assert status
    assert message in err.splitlines()[-1]


def test_a_model_without_class_names(predict, tiny, tmp_path):
    weights = torch.load(tiny.checkpoint, weights_only=False)['state_dict']
    torch.save(weights, tmp_path / 'bare.pth')
    config = tmp_path / 'bare.py'
    config.write_text(f'_base_ = {str(tiny.config)!r}\n')
    with open(config, 'a') as file:
        file.write(
            'test_dataloader = dict(dataset=dict(_delete_=True, type='
            "'MultiLabelJson', pipeline=[dict(type="
            "'LoadImageFromFile'), dict(type='PackInputs')]))\n"
        )
    image = tiny.config.parent / '0.png'
    options = dict(config=config, checkpoint=tmp_path / 'bare.pth')
    status, _, err = predict(image, **options)
    assert status == 1 and 'class names are unknown' in err.splitlines()[-1]
    (tmp_path / 'names.txt').write_text('red\ngreen\nblue\n')
    arguments = [image, '--classes', 'names.txt', '--topk', '3']
    status, out, _ = predict(*arguments, **options)
    assert status == 0
    assert {*out.split()} > {'red', 'green', 'blue'}
