"""tools/deploy.py, from its arguments to its files."""

import json
import re
import runpy
import sys
from importlib.util import find_spec

import pytest
import torch
from mmengine.config import Config
from programs import ROOT, run_program

pytest.importorskip('onnxruntime')
TOOL = ROOT / 'tools/deploy.py'
DYNAMIC, STATIC = (
    f'onnxruntime_{kind}-448x448' for kind in ('dynamic', 'static')
)
DRIVERS = [
    'mmsrdl',
    pytest.param(
        'mmdeploy',
        marks=pytest.mark.skipif(
            not find_spec('mmdeploy'), reason='needs mmdeploy'
        ),
    ),
]


@pytest.fixture
def get_arguments(deployable, tmp_path):
    """Arguments for the tiny model, and a deploy config of its size."""

    def get(name, *options, change=(), **replaced):
        config = Config.fromfile(ROOT / f'configs/deploy/multilabel_{name}.py')
        config.merge_from_dict({'onnx_config.input_shape': (32, 32)})
        config.merge_from_dict(dict(change))
        path = tmp_path / f'{name}.py'
        config.dump(path)
        arguments = dict(
            deploy_cfg=path,
            model_cfg=deployable.config,
            checkpoint=deployable.checkpoint,
            img=deployable.image,
        )
        arguments.update(replaced)
        return [str(TOOL), *map(str, [*arguments.values(), *options])]

    return get


@pytest.fixture
def deploy(get_arguments, tmp_path, monkeypatch, capsys):
    """Runs the tool; returns its messages, or raises how it ends."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(TOOL.parent))

    def run(name, *options, **changes):
        monkeypatch.setattr(
            sys, 'argv', get_arguments(name, *options, **changes)
        )
        runpy.run_path(str(TOOL), run_name='__main__')
        return capsys.readouterr().out

    return run


@pytest.fixture
def refuse(deploy, capsys):
    """Runs the tool, which is to stop; returns its last message."""

    def run(*options, **changes):
        with pytest.raises(SystemExit) as stop:
            deploy(*options, **changes)
        printed = capsys.readouterr().err.splitlines()
        code = stop.value.code
        return printed[-1] if isinstance(code, int) else code

    return run


def measured(printed):
    """The mAP that a run prints last."""
    return float(re.findall(r'^multi-label/mAP: (.+)$', printed, re.M)[-1])


def check_result(printed, folder):
    assert f'Wrote {folder / "work/end2end.onnx"}' in printed
    difference = re.search('probability to PyTorch: (.+)', printed)[1]
    assert 0 < float(difference) < 1e-5
    assert (folder / 'repo/tiny/1/model.onnx').is_file()


def test_both_drivers(deploy, tmp_path):
    """They measure the same, and remove an engine with its graph.

    It would be run with the metadata of the new graph.
    """
    pytest.importorskip('mmdeploy')
    results = set()
    for driver in ('mmsrdl', 'mmdeploy'):
        folder = tmp_path / driver
        work_dir = folder / 'work'
        work_dir.mkdir(parents=True)
        engine = work_dir / 'end2end.engine'
        engine.write_text('of another model')
        options = ['--dump-info'] if driver == 'mmdeploy' else []
        printed = deploy(
            DYNAMIC, '--work-dir', work_dir, '--driver', driver, '--test',
            '--triton-repo', folder / 'repo', *options,
        )  # fmt: skip
        check_result(printed, folder)
        results.add(measured(printed))
        assert not engine.exists()
    assert len(results) == 1
    pipeline = json.loads((work_dir / 'pipeline.json').read_text())
    assert 'MultiLabelLinearClsHead' in json.dumps(pipeline)


def test_as_a_program(get_arguments, tmp_path):
    done = run_program(
        *get_arguments(
            DYNAMIC, '--work-dir', tmp_path / 'work', '--driver', 'mmsrdl',
            '--test', '--triton-repo', tmp_path / 'repo',
        ),
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    check_result(done.stdout, tmp_path)
    assert 0 < measured(done.stdout) < 100


@pytest.fixture
def earlier(tmp_path):
    """A graph and an engine that are there already."""
    files = [tmp_path / f'work/end2end.{kind}' for kind in ('engine', 'onnx')]
    files[0].parent.mkdir()
    for file in files:
        file.write_text('of another model')
    return files


@pytest.fixture
def check_earlier(earlier):
    """Whether nothing was written or lost."""

    def check():
        folder = earlier[0].parent
        return sorted(folder.iterdir()) == earlier and all(
            file.read_text() == 'of another model' for file in earlier
        )

    return check


@pytest.mark.parametrize(
    ('argument', 'message'),
    [
        ('deploy_cfg', 'there is no config no.such'),
        ('model_cfg', 'there is no config no.such'),
        ('checkpoint', 'there is no checkpoint no.such'),
        ('img', 'there is no image no.such'),
    ],
)
def test_missing_files(refuse, check_earlier, argument, message):
    found = refuse(STATIC, '--work-dir', 'work', **{argument: 'no.such'})
    assert message in found
    assert check_earlier()


FOUR = (
    'model.neck.num_classes=4', 'model.neck.classes=[a,b,c,d]',
    'model.head.num_classes=4',
)  # fmt: skip


@pytest.mark.parametrize('driver', DRIVERS)
@pytest.mark.parametrize(
    ('options', 'change', 'replaced', 'message'),
    [
        ((), {'onnx_config.input_shape': (64, 64)}, {},
         'The test pipeline gives images of 32x32'),
        ((), {'onnx_config.opset_version': 5}, {},
         'onnx_config.opset_version is 5'),
        ((), {'onnx_config.dynamic_axes': dict(images=[0])}, {},
         'The deploy config has onnx_config.dynamic_axes.images'),
        (FOUR, {}, {}, '.*another number of classes'),
        (('test_dataloader.dataset.pipeline=[]',), {}, {},
         'The model config has no test pipeline'),
        (('test_dataloader.dataset.pipeline.1.type=CenterCrop',), {}, {},
         'The step .*CenterCrop.* fails'),
        (('model.neck.type=GlobalMaxPooling', 'model.neck._delete_=True',
          'model.head.type=LinearClsHead', 'model.head._delete_=True',
          'model.head.num_classes=3', 'model.head.in_channels=64'), {}, {},
         'Only an ImageClassifier with a multi-label head'),
        ((), {}, dict(img='broken'), 'Cannot read .broken'),
        ((), {}, dict(checkpoint='broken'), '.*broken'),
        ((), {}, dict(checkpoint='diverged'), 'PyTorch scores .* by NaN'),
    ],
)  # fmt: skip
def test_bad_input(
    refuse, check_earlier, deployable, tmp_path, driver, options, change,
    replaced, message,
):  # fmt: skip
    (tmp_path / 'broken').write_text('I am nothing.')
    content = torch.load(deployable.checkpoint)
    content['state_dict']['head.classifier.bias'][0] = torch.nan
    torch.save(content, tmp_path / 'diverged')
    if options:
        options = ('--cfg-options', *options)
    found = refuse(
        STATIC, '--work-dir', 'work', '--driver', driver, *options,
        change=change, **replaced,
    )  # fmt: skip
    assert re.match(f'error: {message}', found)
    assert '\n' not in found
    assert check_earlier()


def test_configs_that_are_none(refuse, check_earlier, deployable, tmp_path):
    (tmp_path / 'broken.py').write_text('model = dict(')
    for argument, path, message in (
        ('deploy_cfg', deployable.config, 'has backend_config.type=None'),
        ('deploy_cfg', 'broken.py', 'broken.py is no valid config'),
        ('model_cfg', 'broken.py', 'broken.py is no valid config'),
        ('model_cfg', f'{STATIC}.py', 'has no test pipeline'),
    ):
        found = refuse(STATIC, '--work-dir', 'work', **{argument: path})
        assert found.startswith('error: ')
        assert message in found
    assert check_earlier()


def test_what_a_driver_does_not_know(refuse, check_earlier):
    found = refuse(
        STATIC, '--work-dir', 'work', '--driver', 'mmsrdl', '--dump-info'
    )
    assert found.startswith('error: --dump-info needs MMDeploy')
    pytest.importorskip('mmdeploy')
    found = refuse(
        'tensorrt-fp16_dynamic-448x448', '--work-dir', 'work',
        '--driver', 'mmdeploy',
    )  # fmt: skip
    assert found.startswith('error: --driver mmdeploy: MMDeploy does')
    assert check_earlier()


def test_tensorrt_is_missing(refuse, capsys, tmp_path, monkeypatch):
    """The graph is made and checked, and the command for elsewhere said."""
    monkeypatch.setitem(sys.modules, 'tensorrt', None)
    printed = []
    monkeypatch.setattr('builtins.print', lambda text: printed.append(text))
    found = refuse(
        'tensorrt-fp16_dynamic-448x448', '--work-dir', 'work',
        '--driver', 'mmsrdl',
    )  # fmt: skip
    assert 'trtexec --onnx=' in printed[-1]
    assert found.startswith('error: TensorRT cannot be imported')
    assert [path.name for path in (tmp_path / 'work').iterdir()] == [
        'end2end.onnx'
    ]
