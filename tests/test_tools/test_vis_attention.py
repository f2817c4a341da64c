import cv2
import pytest
import torch
from mmengine.config import Config
from mmpretrain import get_model
from test_engine.tiny import CLASSES

TOOL = 'visualization/vis_attention.py'


@pytest.fixture
def model(tiny):
    return ['--config', tiny.config, '--checkpoint', tiny.checkpoint]


@pytest.fixture
def call(call_tool, capsys, tmp_path):
    """Runs the tool here; returns its status and what it printed."""

    def run(*args):
        args = [*args, '--out-dir', 'shown', '--device', 'cpu']
        try:
            call_tool(TOOL, *args).main()
        except SystemExit as end:
            code, message = end.code, ''
            if isinstance(code, str):
                code, message = 1, code
            return code, capsys.readouterr().err + message
        captured = capsys.readouterr()
        return 0, captured.out

    return run


def test_pictures(run_tool, tiny, model, tmp_path):
    broken = tmp_path / 'broken.jpg'
    broken.write_text('no image')
    inputs = [tiny.config.parent / '3.png', broken, tiny.config.parent]
    out = tmp_path / 'new/shown'
    options = ['--out-dir', out, '--erased', '--topk', '2', '--device', 'cpu']
    done = run_tool(TOOL, *inputs, *model, *options)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert any(line.startswith(f'Cannot read {broken}') for line in lines)
    assert lines[-1] == '1 of 14 images could not be drawn.'
    names = [f'{i}.png' for i in range(12)] + ['3_7.png']
    assert sorted(path.name for path in out.iterdir()) == sorted(names)
    for name in names:
        assert str(out / name) in done.stdout.split()
        assert cv2.imread(str(out / name)).std() > 0


def test_comparison(call, tiny, model, tmp_path):
    first = tiny.checkpoint.with_name('epoch_1.pth')
    image = tiny.config.parent / '0.png'
    assert call(image, *model, '--compare', first)[0] == 0
    compared = cv2.imread(str(tmp_path / 'shown/0.png'))
    names = ['--names', 'with erasing', 'without']
    assert call(image, *model, '--compare', first, *names)[0] == 0
    named = cv2.imread(str(tmp_path / 'shown/0.png'))
    assert call(image, *model)[0] == 0
    alone = cv2.imread(str(tmp_path / 'shown/0.png'))
    assert compared.shape == named.shape
    assert (compared != named).any()
    assert compared.shape[0] > 1.5 * alone.shape[0]


def test_models_are_named_by_what_tells_them_apart(call_tool, tmp_path):
    name = call_tool(TOOL).name_models
    assert name(['a/b/x.pth']) == ['x']
    assert name(['a/x.pth', 'a/y.pth']) == ['x', 'y']
    assert name(['a/x.pth', 'b/x.pth']) == ['a/x', 'b/x']
    assert name(['1/a/x.pth', '2/a/x.pth']) == ['model 1', 'model 2']


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['nowhere.jpg'], 'there is no image or folder nowhere.jpg'),
        (['.'], 'holds no image'),
        (['IMAGE', '--topk', '0'], 'topk must be at least 1'),
        (['IMAGE', '--compare-config', 'x.py'], 'needs --compare'),
        (['IMAGE', '--names', 'a', 'b'], 'needs 1 different names'),
        (['IMAGE', '--compare', 'no.pth'], 'no.pth can not be found'),
    ],
)
def test_mistakes(call, tiny, model, args, message):
    args = [tiny.config.parent / '0.png' if a == 'IMAGE' else a for a in args]
    code, text = call(*args, *model)
    assert code and message in text


@pytest.mark.parametrize(
    ('settings', 'option', 'message'),
    [
        ({'erasing': None}, ['--erased'], 'Training erases nothing here'),
        (
            {'erasing': None, 'spatial_attention': False},
            [],
            'CARHead has no spatial attention',
        ),
    ],
)
def test_heads_without(call, tiny, tmp_path, settings, option, message):
    config, weights = tmp_path / 'other.py', tmp_path / 'other.pth'
    cfg = Config.fromfile(tiny.config)
    cfg.model.head.update(settings)
    cfg.dump(config)
    meta = dict(dataset_meta=dict(classes=CLASSES))
    weights_of_model = get_model(cfg).state_dict()
    torch.save(dict(state_dict=weights_of_model, meta=meta), weights)
    model = ['--config', config, '--checkpoint', weights]
    code, text = call(tiny.config.parent / '0.png', *model, *option)
    assert code == 1
    assert text.splitlines()[-1].startswith(f'error: {message}')
