import json

import numpy as np
import pytest
import torch


@pytest.fixture
def predict(run_tool, tiny):
    def run(*args, config=tiny.config, checkpoint=tiny.checkpoint):
        model = ['--config', config, '--checkpoint', checkpoint]
        return run_tool('predict.py', *args, *model, '--device', 'cpu')

    return run


def test_table_file_and_pictures(predict, tiny, tmp_path):
    out, pictures = tmp_path / 'new/out.json', tmp_path / 'pictures'
    images = [tiny.config.parent / '3.png', tiny.config.parent]
    options = ['--thr', '0', '--topk', '2', '--batch-size', '5']
    done = predict(*images, *options, '--out', out, '--show-dir', pictures)
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


def test_no_label_and_no_image(predict, tiny, tmp_path):
    broken = tmp_path / 'broken.jpg'
    broken.write_text('no image')
    image = tiny.config.parent / '0.png'
    done = predict(broken, image, '--thr', '1')
    first, second = done.stdout.splitlines()
    assert first.startswith(f'{broken}') and 'Cannot read' in first
    assert second.split() == [str(image), 'no', 'label']
    assert done.returncode == 1
    assert '1 of 2 images could not be read' in done.stderr


def test_checkpoint_of_other_classes(predict, tiny, tmp_path):
    content = torch.load(tiny.checkpoint, weights_only=False)
    weights = content['state_dict']
    weights['head.classifier.weight'] = torch.zeros(5, 64)
    torch.save(dict(state_dict=weights), tmp_path / 'other.pth')
    done = predict(tiny.config.parent, checkpoint=tmp_path / 'other.pth')
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith('error: ') and 'number of classes' in last
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize(
    'args, options, message',
    [
        (['nowhere.jpg'], {}, 'there is no image or folder nowhere.jpg'),
        (['.'], dict(config='nowhere.py'), "There is no config 'nowhere.py'"),
        (['.'], dict(checkpoint='nowhere.pth'), 'no checkpoint nowhere.pth'),
        (['.', '--thr', '2'], {}, 'thr must be in [0, 1], got 2.0'),
        (['.', '--out', 'x.txt'], {}, '--out must end in .json'),
        (['tests/test_tools'], {}, 'holds no image'),
    ],
)
def test_mistakes(predict, args, options, message):
    done = predict(*args, **options)
    assert done.returncode != 0
    assert message in done.stderr
    assert 'Traceback' not in done.stderr
