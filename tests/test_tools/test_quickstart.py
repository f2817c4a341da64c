import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from mmsrdl.deploy import load_backend_model

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
OPTIONS = '--num-train 16 --num-val 4 --num-test 10 --num-workers 1'


@pytest.fixture
def quickstart(tmp_path):
    def run(*args, render=OPTIONS):
        return subprocess.run(
            ['bash', ROOT / 'tools/quickstart.sh', *args],
            capture_output=True,
            text=True,
            env={
                **os.environ,
                'PYTHON': sys.executable,
                'OMP_NUM_THREADS': '1',
                'QUICKSTART_ROOT': str(tmp_path / 'some data'),
                'QUICKSTART_WORK_DIR': str(tmp_path / 'work'),
                'QUICKSTART_RENDER': render,
            },
        )

    return run


def test_quickstart(quickstart, tmp_path):
    work = tmp_path / 'work'
    (work / 'attention').mkdir(parents=True)
    (work / 'attention' / 'of_an_earlier_run.png').touch()
    done = quickstart('--cfg-options', 'train_cfg.max_epochs=1')
    assert done.returncode == 0, done.stderr

    measures = json.loads((work / 'metrics.json').read_text())
    for name in ('mAP', 'CF1', 'OF1', 'chance_mAP', 'pointing_game'):
        assert 0 <= measures[name] <= 100
    assert measures['train_seconds'] > 0
    data = tmp_path / 'some data'
    test = (data / 'ImageSets/Main/test.txt').read_text().split()
    predictions = json.loads((work / 'predictions.json').read_text())
    assert [Path(p['img_path']).stem for p in predictions] == test[:8]
    assert all(len(p['scores']) == 16 for p in predictions)
    pictures = list((work / 'attention').iterdir())
    assert sorted(path.stem for path in pictures) == test[:12]
    for path in (*pictures, work / 'curves.png'):
        assert cv2.imread(str(path)) is not None
        assert str(path) in done.stdout
    exported = load_backend_model(work / 'model.onnx')
    assert len(exported.metadata.classes) == 16
    assert f'by chance {measures["chance_mAP"]:.1f} %' in done.stdout


def test_quickstart_stops_at_the_first_error(quickstart, tmp_path):
    done = quickstart(render='--size 8')
    assert done.returncode != 0
    assert 'size must be at least 32' in done.stderr
    assert not (tmp_path / 'work').exists()
