import json

import mmengine
import pytest
import torch
from mmengine.config import Config

from mmsrdl.analysis import PredictionDump
from mmsrdl.deploy import deploy_onnx


@pytest.fixture
def call_main(call_tool, tiny):
    """Runs the tool with the trained model."""

    def main(*args, checkpoint=tiny.checkpoint):
        call_tool('test.py', tiny.config, checkpoint, *args).main()

    return main


@pytest.fixture
def refused(call_main, capsys):
    """The message with which the tool ends at once."""

    def refuse(*args, **options):
        with pytest.raises(SystemExit) as caught:
            call_main(*args, **options)
        assert caught.value.code == 2
        return capsys.readouterr().err

    return refuse


def test_metrics(run_tool, tiny, tmp_path):
    done = run_tool(
        'test.py',
        *(tiny.config, tiny.checkpoint, '--work-dir', 'work'),
        *('--out', 'a/metrics.json', '--out-item', 'metrics'),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / 'a/metrics.json').read_text())
    assert 0 <= metrics['multi-label/mAP'] <= 100
    assert 'multi-label/CF1' in metrics


def test_predictions_and_pictures(call_main, tmp_path):
    options = ['--show-dir', 'drawn', '--interval', '4']
    call_main('--out', 'pred.pkl', *options)
    predictions = mmengine.load('pred.pkl')
    assert len(predictions) == 12
    for prediction in predictions:
        chosen = torch.nonzero(prediction['pred_score'] >= 0.5).flatten()
        assert torch.equal(prediction['pred_label'], chosen)
    assert len(list((tmp_path / 'drawn').rglob('*.png'))) == 3
    classes = PredictionDump.load('pred.pkl').classes
    assert classes == ('circle', 'square', 'cross')


@pytest.fixture
def exported(tiny, tmp_path):
    """The trained model as a file that ONNX Runtime reads."""
    pytest.importorskip('onnxruntime')
    deploy_cfg = Config(
        dict(
            backend_config=dict(type='onnxruntime'),
            onnx_config=dict(dynamic_axes=dict(input={0: 'batch'})),
        )
    )
    path, _ = deploy_onnx(
        deploy_cfg,
        Config.fromfile(tiny.config),
        tiny.checkpoint,
        tiny.config.parent / '0.png',
        tmp_path,
    )
    return path


def test_exported_file(call_main, exported):
    predictions = []
    for options in ({}, dict(checkpoint=exported)):
        call_main('--out', 'pred.pkl', **options)
        predictions.append(mmengine.load('pred.pkl'))
    assert PredictionDump.load('pred.pkl').record['checkpoint'] == str(
        exported
    )
    for one, other in zip(*predictions):
        torch.testing.assert_close(
            one['pred_score'], other['pred_score'], atol=1e-5, rtol=0
        )
        assert torch.equal(one['gt_label'], other['gt_label'])


def test_broken_exported_file(refused, exported):
    exported.write_bytes(exported.read_bytes()[:1000])
    assert 'cannot read' in refused(checkpoint=exported)


def test_tta(call_main, tmp_path):
    """The scores are the means over the image and its mirror image."""
    call_main('--out', 'plain.pkl')
    flip = 'test_dataloader.dataset.pipeline.1.prob=1.0'
    call_main('--out', 'flipped.pkl', '--cfg-options', flip)
    call_main('--out', 'tta.pkl', '--tta')
    predictions = [
        mmengine.load(f'{name}.pkl') for name in ('plain', 'flipped', 'tta')
    ]
    plain, flipped, averaged = (
        torch.stack([one['pred_score'] for one in each])
        for each in predictions
    )
    for prediction in predictions[-1]:
        chosen = torch.nonzero(prediction['pred_score'] >= 0.5).flatten()
        assert torch.equal(prediction['pred_label'], chosen)
    assert not torch.allclose(plain, flipped)
    torch.testing.assert_close(averaged, (plain + flipped) / 2)


def test_amp(call_tool, tiny):
    tool = call_tool('test.py', tiny.config, tiny.checkpoint, '--amp')
    args, cfg = tool.parse_args()
    tool.merge_args(cfg, args)
    assert cfg.test_cfg.fp16 is True


def test_wrong_arguments(refused, tiny):
    assert 'no checkpoint a.pth' in refused(checkpoint='a.pth')
    assert '--out-item needs --out' in refused('--out-item', 'metrics')
    assert '--out must end in' in refused('--out', 'a.json')
    assert '--out must end in' in refused(
        '--out', 'a.txt', '--out-item', 'metrics'
    )


def test_pictures_need_the_hook(call_tool, tiny, capsys):
    path = tiny.config.with_name('no_pictures.py')
    path.write_text(
        "_base_ = './tiny.py'\ndefault_hooks = dict(visualization=None)\n"
    )
    tool = call_tool('test.py', path, tiny.checkpoint, '--show-dir', 'a')
    with pytest.raises(SystemExit):
        tool.main()
    assert 'lacks default_hooks' in capsys.readouterr().err
