import os
import subprocess
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import mmengine
import mmpretrain
import pytest
from mmengine import config, hub
from mmengine.runner import checkpoint
from mmengine.utils import package_utils
from mmpretrain.utils import dependency

from mmsrdl import compat

ROOT = Path(__file__).parents[1]


# pkg_resources.

PLACES = {
    'is_installed': (package_utils, mmengine.utils, config.config),
    'get_installed_path': (
        package_utils,
        mmengine.utils,
        config.config,
        hub.hub,
    ),
}


@pytest.fixture
def upstream_functions(monkeypatch):
    """Puts marks where MMEngine's own functions would be."""
    for name, modules in PLACES.items():
        for module in modules:
            monkeypatch.setattr(module, name, f'upstream {name}')


def found_by_us():
    return [
        getattr(module, name) is getattr(compat, name)
        for name, modules in PLACES.items()
        for module in modules
    ]


def test_packages_are_found_without_pkg_resources(
    upstream_functions, monkeypatch
):
    monkeypatch.setattr(compat, 'find_spec', lambda name: None)
    compat.find_installed_packages()
    compat.find_installed_packages()
    assert all(found_by_us())


def test_packages_are_found_in_linked_installations(
    upstream_functions, monkeypatch
):
    monkeypatch.setattr(compat, 'find_spec', lambda name: object())
    monkeypatch.setattr(compat, '_is_linked', lambda name: name == 'mmsrdl')
    compat.find_installed_packages()
    assert all(found_by_us())


def test_finding_packages_is_left_alone(upstream_functions, monkeypatch):
    monkeypatch.setattr(compat, 'find_spec', lambda name: object())
    monkeypatch.setattr(compat, '_is_linked', lambda name: False)
    compat.find_installed_packages()
    assert not any(found_by_us())


def make_distribution(folder, name, top_level=''):
    info = folder / f'{name.replace("-", "_")}-1.0.dist-info'
    info.mkdir(parents=True)
    (info / 'METADATA').write_text(
        f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n'
    )
    (info / 'top_level.txt').write_text(top_level)


def test_is_linked(tmp_path, monkeypatch):
    make_distribution(tmp_path, 'linkedpackage')
    monkeypatch.syspath_prepend(str(tmp_path))
    assert compat._is_linked('linkedpackage')
    (tmp_path / 'linkedpackage').mkdir()
    assert not compat._is_linked('linkedpackage')
    assert not compat._is_linked('no_such_package')


def test_get_installed_path(tmp_path, monkeypatch):
    folder = str(Path(mmpretrain.__file__).parent)
    assert compat.get_installed_path('mmpretrain') == folder
    make_distribution(tmp_path, 'other-name', 'othermodule\n')
    (tmp_path / 'othermodule').mkdir()
    (tmp_path / 'othermodule/__init__.py').touch()
    (tmp_path / 'somenamespace').mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    path = compat.get_installed_path('other-name')
    assert path == str(tmp_path / 'othermodule')
    with pytest.raises(RuntimeError, match='namespace package'):
        compat.get_installed_path('somenamespace')
    with pytest.raises(ModuleNotFoundError, match='no_such_package'):
        compat.get_installed_path('no_such_package')
    assert compat.is_installed('other-name')
    assert not compat.is_installed('somenamespace')
    assert not compat.is_installed('no_such_package')


@pytest.mark.skipif(
    find_spec('pkg_resources') is None, reason='needs pkg_resources'
)
@pytest.mark.parametrize('name', ['mmpretrain', 'torch'])
def test_same_answer_as_upstream(name):
    code = (
        'from mmengine.utils import get_installed_path, is_installed\n'
        f'print(is_installed({name!r}), get_installed_path({name!r}))'
    )
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code],
        capture_output=True,
        text=True,
        check=True,
    )
    expected = f'True {compat.get_installed_path(name)}'
    assert done.stdout.splitlines()[-1] == expected


def test_config_inherits_from_a_package(tmp_path):
    path = tmp_path / 'a.py'
    path.write_text("_base_ = 'mmpretrain::_base_/models/resnet50.py'\n")
    assert config.Config.fromfile(path).model.backbone.depth == 50


# ONNX Runtime.


@pytest.mark.parametrize('setting', [None, '0'])
def test_onnxruntime_reports_only_if_asked(setting, monkeypatch, tmp_path):
    monkeypatch.delenv('ORT_DISABLE_TELEMETRY', raising=False)
    if setting:
        monkeypatch.setenv('ORT_DISABLE_TELEMETRY', setting)
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    monkeypatch.setenv('HOME', str(tmp_path))
    code = (
        'import mmsrdl, onnxruntime, os\n'
        "print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    assert done.stdout.split() == [setting or '1']
    if setting is None:
        assert not list(tmp_path.rglob('*onnxruntime*'))


# transformers.


@pytest.fixture
def multimodal(monkeypatch):
    """Sets what multi-modal models would import, before they do."""
    monkeypatch.setattr(dependency, 'WITH_MULTIMODAL', True)
    monkeypatch.delitem(sys.modules, 'mmpretrain.models', raising=False)

    def set_imports(*imports):
        monkeypatch.setattr(
            compat, '_transformers_imports', lambda file: iter(imports)
        )

    return set_imports


@pytest.mark.parametrize(
    'broken', [('json', 'no_such_name'), ('no_such_module', 'name')]
)
def test_broken_multimodal_is_left_out(multimodal, broken):
    multimodal(('json', 'dumps'), broken)
    compat.leave_out_broken_multimodal()
    assert dependency.WITH_MULTIMODAL is False
    compat.leave_out_broken_multimodal()


def test_working_multimodal_is_left_alone(multimodal):
    multimodal(('json', 'dumps'))
    compat.leave_out_broken_multimodal()
    assert dependency.WITH_MULTIMODAL is True


def test_imported_multimodal_is_left_alone(multimodal, monkeypatch):
    multimodal(('no_such_module', 'name'))
    monkeypatch.setitem(sys.modules, 'mmpretrain.models', object())
    compat.leave_out_broken_multimodal()
    assert dependency.WITH_MULTIMODAL is True


def test_imports_are_those_of_mmpretrain():
    imports = set(compat._transformers_imports(Path(dependency.__file__)))
    moved = ('transformers.modeling_utils', 'apply_chunking_to_forward')
    assert moved in imports
    assert {module.split('.')[0] for module, _ in imports} == {'transformers'}


def test_models_import_beside_a_recent_transformers(tmp_path):
    make_distribution(tmp_path, 'transformers')
    metadata = tmp_path / 'transformers-1.0.dist-info/METADATA'
    metadata.write_text(metadata.read_text().replace('1.0', '5.0'))
    (tmp_path / 'transformers').mkdir()
    (tmp_path / 'transformers/__init__.py').write_text(
        'class configuration_utils:\n    class PretrainedConfig:\n        pass'
    )
    path = os.pathsep.join([str(ROOT), str(tmp_path)])
    code = (
        'from mmpretrain.utils import dependency as d\n'
        'before = d.WITH_MULTIMODAL\n'
        'import mmsrdl, mmpretrain.models\n'
        'print(before, d.WITH_MULTIMODAL)'
    )
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code],
        capture_output=True,
        text=True,
        env={**os.environ, 'PYTHONPATH': path},
    )
    assert done.stdout.splitlines()[-1:] == ['True False'], done.stderr


# Checkpoints (what is loaded: see test_checkpoint.py).


def test_checkpoint_loading_is_replaced_once():
    before = checkpoint.torch, checkpoint.load_url
    compat.load_checkpoints_safely()
    assert (checkpoint.torch, checkpoint.load_url) == before


def test_other_uses_of_torch_stay():
    import torch

    assert checkpoint.torch.save is torch.save
    assert checkpoint.torch.load is not torch.load
    assert not isinstance(torch, compat._Changed)


def test_mmcv_lite_is_quiet():
    """The advice to install the full MMCV is dropped, nothing else."""
    advice = 'Fail to import ``MultiScaleDeformableAttention``'
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter('always')
        compat.quiet_mmcv_lite()
        compat.quiet_mmcv_lite()
        warnings.warn(advice + ' from', stacklevel=1)
        warnings.warn('Fail to import something else', stacklevel=1)
    (other,) = seen
    assert 'something else' in str(other.message)


# mmpretrain.inference_model (what it gives: see test_apis).


def test_inference_model_is_replaced_once():
    before = mmpretrain.inference_model
    compat.infer_several_labels()
    assert mmpretrain.inference_model is before
    assert mmpretrain.apis.inference_model is before
    assert mmpretrain.apis.model.inference_model is before
    assert before.__wrapped__.__module__ == 'mmpretrain.apis.model'


def test_inference_model_that_knows_the_task_is_left_alone(monkeypatch):
    def inference_model():
        return 'Multi-Label Classification'

    monkeypatch.setattr(
        mmpretrain.apis.model, 'inference_model', inference_model
    )
    before = mmpretrain.inference_model
    compat.infer_several_labels()
    assert mmpretrain.apis.model.inference_model is inference_model
    assert mmpretrain.inference_model is before
