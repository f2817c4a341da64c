"""tools/deploy.py, from its arguments to its files."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

pytest.importorskip('onnxruntime')
ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / 'configs/deploy'


@pytest.fixture(scope='module')
def deploy(deployable, tmp_path_factory):
    """Run the tool on the tiny model; a config of its size."""
    folder = tmp_path_factory.mktemp('deploy_tool')

    def run(name, *options, change=(), **replaced):
        config = Config.fromfile(CONFIGS / f'multilabel_{name}.py')
        config.merge_from_dict({'onnx_config.input_shape': (32, 32)})
        config.merge_from_dict(dict(change))
        path = folder / f'{name}.py'
        config.dump(path)
        arguments = dict(
            deploy_cfg=path,
            model_cfg=deployable.config,
            checkpoint=deployable.checkpoint,
            img=deployable.image,
        )
        arguments.update(replaced)
        return subprocess.run(
            [
                sys.executable, str(ROOT / 'tools/deploy.py'),
                *map(str, arguments.values()), *map(str, options),
            ],
            env=os.environ | {'PYTHONPATH': str(ROOT)},
            cwd=folder,
            capture_output=True,
            text=True,
        )  # fmt: skip

    return run


def measured(done):
    """The mAP that a run prints last."""
    return float(re.findall(r'^multi-label/mAP: (.+)$', done.stdout, re.M)[-1])


def test_both_drivers_measure_the_same(deploy, tmp_path):
    results = {}
    for driver in ('mmsrdl', 'mmdeploy'):
        if driver == 'mmdeploy':
            pytest.importorskip('mmdeploy')
        folder = tmp_path / driver
        done = deploy(
            'onnxruntime_dynamic-448x448', '--work-dir', folder,
            '--driver', driver, '--test', '--triton-repo', tmp_path / 'repo',
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert f'Wrote {folder / "end2end.onnx"}' in done.stdout
        difference = re.search('probability to PyTorch: (.+)', done.stdout)[1]
        assert 0 < float(difference) < 1e-5
        assert (tmp_path / 'repo/tiny/1/model.onnx').is_file()
        results[driver] = measured(done)
    assert len(set(results.values())) == 1


def test_files_for_the_sdk(deploy, tmp_path):
    pytest.importorskip('mmdeploy')
    done = deploy(
        'onnxruntime_static-448x448', '--work-dir', tmp_path, '--dump-info'
    )
    assert done.returncode == 0, done.stderr
    pipeline = json.loads((tmp_path / 'pipeline.json').read_text())
    assert 'MultiLabelLinearClsHead' in json.dumps(pipeline)


@pytest.mark.parametrize(
    ('name', 'options', 'change', 'replaced', 'message'),
    [
        ('onnxruntime_static-448x448', (), {}, dict(model_cfg='no.py'),
         'there is no config no.py'),
        ('onnxruntime_static-448x448', (), {}, dict(checkpoint='no.pth'),
         'there is no checkpoint no.pth'),
        ('onnxruntime_static-448x448', (), {}, dict(img='no.jpg'),
         'there is no image no.jpg'),
        ('onnxruntime_static-448x448', (),
         {'onnx_config.input_shape': (64, 64)}, {},
         'error: The test pipeline gives images of 32x32'),
        ('onnxruntime_static-448x448', ('--driver', 'mmsrdl'),
         {'onnx_config.opset_version': 5}, {},
         'error: onnx_config.opset_version is 5'),
        ('onnxruntime_static-448x448', ('--driver', 'mmsrdl', '--dump-info'),
         {}, {}, 'error: --dump-info needs MMDeploy'),
    ],
)  # fmt: skip
def test_bad_input(deploy, tmp_path, name, options, change, replaced, message):
    done = deploy(
        name, '--work-dir', tmp_path, '--driver', 'mmsrdl', *options,
        change=change, **replaced,
    )  # fmt: skip
    assert done.returncode != 0
    assert message in done.stderr.splitlines()[-1]
    assert 'Traceback' not in done.stderr
    assert not list(tmp_path.iterdir())


def test_forced_mmdeploy_says_what_it_does_not_know(deploy, tmp_path):
    pytest.importorskip('mmdeploy')
    done = deploy(
        'tensorrt-fp16_dynamic-448x448', '--work-dir', tmp_path,
        '--driver', 'mmdeploy',
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith('error: --driver mmdeploy: MMDeploy does')


def test_an_old_engine_goes_with_its_graph(deploy, tmp_path):
    """It would be run with the metadata of the new graph."""
    (tmp_path / 'end2end.engine').write_bytes(b'of another model')
    done = deploy(
        'onnxruntime_static-448x448', '--work-dir', tmp_path,
        '--driver', 'mmsrdl',
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ['end2end.onnx']


def test_tensorrt_is_missing(deploy, tmp_path):
    """The graph is made and checked, and the command for elsewhere said."""
    done = deploy(
        'tensorrt-fp16_dynamic-448x448', '--work-dir', tmp_path,
        '--driver', 'mmsrdl',
    )  # fmt: skip
    assert done.returncode == 1
    assert 'trtexec --onnx=' in done.stdout
    assert re.match('error: TensorRT ', done.stderr.splitlines()[-1])
    assert [path.name for path in tmp_path.iterdir()] == ['end2end.onnx']
