from pathlib import Path

import pytest
from mmengine.config import Config

ROOT = Path(__file__).parents[2] / 'configs/deploy'
CONFIGS = sorted(ROOT.glob('*.py'))
BACKENDS = ('onnxruntime', 'tensorrt', 'tensorrt-fp16', 'tensorrt-int8')


def test_every_combination_exists():
    names = {path.stem for path in CONFIGS}
    assert names > {
        f'multilabel_{backend}_{kind}-448x448'
        for backend in BACKENDS
        for kind in ('static', 'dynamic')
    }


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_config_is_what_its_name_says(path):
    task, backend, shapes = path.stem.split('_')
    kind, *size = shapes.split('-')
    name, *precision = backend.split('-')
    cfg = Config.fromfile(path)

    graph = cfg.onnx_config
    assert task == 'multilabel'
    assert graph.save_file == 'end2end.onnx'
    assert (graph.input_names, graph.output_names) == (['input'], ['output'])
    free = graph.get('dynamic_axes', {})
    assert bool(free) == (kind == 'dynamic')
    if size:
        assert graph.input_shape == tuple(map(int, size[0].split('x')))
        assert free in ({}, dict(input={0: 'batch'}, output={0: 'batch'}))
    else:
        assert graph.input_shape is None
        assert set(free.input) == {0, 2, 3}
    assert cfg.codebase_config == dict(
        type='mmpretrain', task='Classification', module=['mmsrdl.deploy']
    )

    assert cfg.backend_config.type == name
    if name == 'onnxruntime':
        found = cfg.backend_config.get('precision')
        assert [found] == (precision or [None])
        return
    common = cfg.backend_config.common_config
    assert common.fp16_mode == bool(precision)
    assert common.get('int8_mode', False) == (precision == ['int8'])
    assert ('calib_config' in cfg) == (precision == ['int8'])
    (model_inputs,) = cfg.backend_config.model_inputs
    shapes = model_inputs.input_shapes.input
    batches = [shapes[f'{key}_shape'][0] for key in ('min', 'opt', 'max')]
    assert batches == ([1, 8, 32] if free else [1, 1, 1])
    for shape in shapes.values():
        assert shape[1:] == [3, *graph.input_shape[::-1]]
