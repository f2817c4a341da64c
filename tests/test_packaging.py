import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
from importlib.util import find_spec
from pathlib import Path

import pytest
import setuptools
from mmpretrain.apis import ModelHub

from mmsrdl import registration

ROOT = Path(__file__).parents[1]
SHIPPED = (
    *('setup.py', 'pyproject.toml', 'MANIFEST.in', 'README.md', 'LICENSE'),
    *('model-index.yml', 'requirements', 'configs', 'tools', 'mmsrdl'),
)


def files(folder):
    """Paths of the files below a folder, without caches."""
    return {
        str(path.relative_to(folder))
        for path in folder.rglob('*')
        if path.is_file() and '__pycache__' not in path.parts
    }


def run(*args, cwd, **env):
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', *args],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **env},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def tree(tmp_path):
    """A copy of the source tree, as a new clone has it."""
    folder = tmp_path / 'tree'
    folder.mkdir()
    ignore = shutil.ignore_patterns('__pycache__', '.mim')
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignore)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def setup(tree, monkeypatch):
    """The names in setup.py, and what it hands to setuptools."""
    handed = {}
    monkeypatch.setattr(setuptools, 'setup', handed.update)
    monkeypatch.chdir(tree)
    return runpy.run_path(str(tree / 'setup.py')), handed


def test_wheel_from_source_distribution(tree, tmp_path):
    """What is installed has all configs and tools, and finds them."""
    run('setup.py', '-q', 'sdist', '--dist-dir', str(tmp_path), cwd=tree)
    (archive,) = tmp_path.glob('mmsrdl-*.tar.gz')
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path)
    source = archive.with_name(archive.name.removesuffix('.tar.gz'))
    library = tmp_path / 'library'
    run('setup.py', '-q', 'build', '--build-lib', str(library), cwd=source)
    mim = library / 'mmsrdl/.mim'
    assert files(mim / 'configs') == files(ROOT / 'configs')
    assert files(mim / 'tools') == files(ROOT / 'tools')
    assert not any(path.is_symlink() for path in mim.rglob('*'))
    protocols = 'mmsrdl/datasets/protocols'
    assert files(library / protocols) == files(ROOT / protocols)
    code = (
        'import mmsrdl, mmpretrain\n'
        'from mmengine.config import Config\n'
        "model = mmpretrain.get_model('srdl_mobilenet-v2_voc07')\n"
        "print(mmpretrain.list_models('srdl*'))\n"
        "print(Config.fromfile('a.py').model.head.type)\n"
        'print(mmsrdl.__file__)\n'
    )
    empty = tmp_path / 'empty'
    empty.mkdir()
    (empty / 'a.py').write_text("_base_ = 'mmsrdl::srdl/srdl_r101_coco.py'")
    output = run('-c', code, cwd=empty, PYTHONPATH=str(library))
    models, head, path = output.splitlines()[-3:]
    assert 'srdl_r101_coco' in models
    assert head == 'CARHead'
    assert Path(path).is_relative_to(library)


@pytest.mark.skipif(
    int(setuptools.__version__.split('.')[0]) < 71 and not find_spec('wheel'),
    reason='this setuptools needs the package wheel',
)
def test_editable_installation_shows_configs(tree, tmp_path):
    code = (
        'from setuptools.build_meta import build_editable\n'
        f'build_editable({str(tmp_path)!r})'
    )
    run('-c', code, cwd=tree)
    assert list(tmp_path.glob('mmsrdl-*.whl'))
    mim = tree / 'mmsrdl/.mim'
    assert files(mim / 'configs') == files(ROOT / 'configs')
    (tree / 'configs/new.py').touch()
    assert (mim / 'configs/new.py').exists()  # a link, as in the checkout


@pytest.mark.parametrize('links_allowed', [True, False])
def test_links_or_copies(setup, tree, monkeypatch, links_allowed):
    """Windows may refuse links; making them again is no mistake."""

    def refuse(*args):
        raise OSError('A required privilege is not held by the client')

    if not links_allowed:
        monkeypatch.setattr(os, 'symlink', refuse)
    names, _ = setup
    mim = tree / 'mmsrdl/.mim'
    for _ in range(2):
        names['fill_mim'](mim, names['link'])
        assert {path.name for path in mim.iterdir()} == set(names['MIM'])
        for path in mim.iterdir():
            assert path.is_symlink() is links_allowed
        assert files(mim / 'tools') == files(ROOT / 'tools')
    assert files(tree / 'configs') == files(ROOT / 'configs')


def test_metadata(setup):
    _, handed = setup
    assert re.fullmatch(r'\d+\.\d+\.\d+.*', handed['version'])
    assert handed['python_requires'] == '>=3.10,<3.14'
    required = ' '.join(handed['install_requires'])
    for package in ('packaging', 'setuptools', 'pycocotools'):
        assert package in required
    assert not re.search(r'mmcv|mmengine|mmpretrain|torch', required)
    extras = {'mim', 'cpu', 'tests', 'deploy', 'text', 'all'}
    assert extras == set(handed['extras_require'])
    assert 'mmsrdl.models.heads' in handed['packages']


def test_setup_does_not_import_torch(tree):
    code = (
        'import runpy, sys, setuptools\n'
        'setuptools.setup = lambda **_: None\n'
        "runpy.run_path('setup.py')\n"
        "print(sorted({'torch', 'mmsrdl', 'mmengine'} & set(sys.modules)))"
    )
    assert run('-c', code, cwd=tree).strip() == '[]'


@pytest.mark.parametrize('profile', ['current', 'legacy'])
def test_constraints_are_exact_and_complete(profile):
    def names(text):
        found = re.findall(r'^([\w-]+)', text, re.M)
        return {name.lower().replace('_', '-') for name in found}

    folder = ROOT / 'requirements'
    lines = (folder / f'constraints-{profile}.txt').read_text().splitlines()
    pins = [line for line in lines if not line.startswith('#')]
    assert all(re.fullmatch(r'[\w.-]+==[\w.]+', pin) for pin in pins)
    for name in ('runtime', 'mminstall', 'tests', 'deploy', 'mmdeploy'):
        required = names((folder / f'{name}.txt').read_text())
        assert required <= names('\n'.join(pins)), name
    assert {'torch', 'torchvision'} <= names('\n'.join(pins))


def test_models_of_the_index_have_configs():
    registration.register_configs()
    models = {
        name: model
        for name, model in ModelHub._models_dict.items()
        if 'srdl' in str(model.filepath)
    }
    assert 'srdl_r101_coco' in models
    for name, model in models.items():
        assert Path(model.config).is_file()
        assert Path(model.config).stem == name


def test_lost_configs_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(registration, '__file__', str(tmp_path / 'a/b.py'))
    with pytest.raises(FileNotFoundError, match='Install the package again'):
        registration.find_asset_folder()


def test_register_all_modules():
    code = (
        'import mmsrdl\n'
        'from mmengine.registry import MODELS, DefaultScope\n'
        'mmsrdl.register_all_modules(init_default_scope=False)\n'
        'print(DefaultScope.get_current_instance())\n'
        'mmsrdl.register_all_modules()\n'
        "head = dict(type='CARHead', num_classes=3, in_channels=4)\n"
        'print(type(MODELS.build(head)).__name__)\n'
    )
    output = run('-c', code, cwd=ROOT, PYTHONPATH=str(ROOT))
    assert output.splitlines()[-2:] == ['None', 'CARHead']
