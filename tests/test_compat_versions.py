import sys
from pathlib import Path

import pytest

from mmsrdl import compat

ROOT = Path(__file__).parents[1]


def test_installed_versions_are_accepted():
    compat.check_versions()


@pytest.mark.parametrize(
    ('module', 'version'),
    [
        ('mmcv', '1.7.2'),
        ('mmcv', '2.4.0'),
        ('mmengine', '0.10.5'),
        ('mmengine', '1.0.0'),
        ('mmpretrain', '1.1.1'),
        ('mmpretrain', '2.0.0'),
    ],
)
def test_version_out_of_range(monkeypatch, module, version):
    monkeypatch.setattr(sys.modules[module], '__version__', version)
    package, first, end = compat.RANGES[module]
    with pytest.raises(ImportError) as caught:
        compat.check_versions()
    message = str(caught.value)
    assert f'{module} {version} is installed' in message
    assert f'>={first},<{end}' in message
    assert f"pip install '{package}>={first},<{end}'" in message


@pytest.mark.parametrize(
    ('module', 'version'),
    [
        ('mmcv', '2.0.0'),
        ('mmcv', '2.10.0'),
        ('mmengine', '0.11.0rc0'),
        ('mmpretrain', '1.3.6'),
    ],
)
def test_versions_are_numbers(monkeypatch, module, version):
    """2.10 is later than 2.4, and forks count on from the originals."""
    monkeypatch.setattr(sys.modules[module], '__version__', version)
    if version == '2.10.0':
        with pytest.raises(ImportError):
            compat.check_versions()
    else:
        compat.check_versions()


@pytest.mark.parametrize('module', compat.RANGES)
def test_package_is_missing(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=f'{module} is not installed.*pip'):
        compat.check_versions()


def test_package_that_cannot_be_imported_says_why(monkeypatch):
    def fail(name):
        raise ModuleNotFoundError('No module named addict', name='addict')

    monkeypatch.setattr(compat.importlib, 'import_module', fail)
    with pytest.raises(ModuleNotFoundError, match='addict'):
        compat.check_versions()


def test_requirements_state_the_same_ranges():
    stated = (ROOT / 'requirements/mminstall.txt').read_text().split()
    assert sorted(stated) == sorted(
        f'{package}>={first},<{end}'
        for package, first, end in compat.RANGES.values()
    )
