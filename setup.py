import os
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.develop import develop
from setuptools.command.editable_wheel import editable_wheel

ROOT = Path(__file__).resolve().parent
MIM = ('configs', 'tools', 'model-index.yml')
"""What OpenMIM and the model hub look for in ``mmsrdl/.mim``."""


def read_version():
    """Return ``__version__`` without importing the package."""
    namespace = {}
    exec((ROOT / 'mmsrdl/version.py').read_text(), namespace)
    return namespace['__version__']


def read_requirements(name):
    """Return the requirement lines of ``requirements/{name}.txt``."""
    lines = (ROOT / f'requirements/{name}.txt').read_text().splitlines()
    return [line for line in lines if line and not line.startswith('#')]


def remove(path):
    """Remove a file, a link or a folder, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def copy(source, target):
    """Copy a file or a folder, without byte code."""
    if source.is_dir():
        shutil.copytree(
            source, target, ignore=shutil.ignore_patterns('__pycache__')
        )
    else:
        shutil.copy2(source, target)


def link(source, target):
    """Link to a file or a folder; copy where links are not allowed."""
    try:
        os.symlink(os.path.relpath(source, target.parent), target)
    except OSError:  # Windows without developer mode
        copy(source, target)


def fill_mim(folder, place):
    """Put what :data:`MIM` names into ``folder`` by ``place``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in MIM:
        remove(folder / name)
        place(ROOT / name, folder / name)


class BuildPy(build_py):
    """Ship configs and tools in wheels."""

    def run(self):
        super().run()
        if not self.editable_mode:
            fill_mim(Path(self.build_lib) / 'mmsrdl/.mim', copy)


class EditableWheel(editable_wheel):
    """Show configs and tools to an editable installation (PEP 660)."""

    def run(self):
        fill_mim(ROOT / 'mmsrdl/.mim', link)
        super().run()


class Develop(develop):
    """Show configs and tools to ``python setup.py develop``."""

    def run(self):
        fill_mim(ROOT / 'mmsrdl/.mim', link)
        super().run()


extras = {
    name: read_requirements(name)
    for name in ('cpu', 'tests', 'deploy', 'text')
}
extras['mim'] = read_requirements('mminstall')
extras['all'] = sorted(sum(extras.values(), []))

setup(
    name='mmsrdl',
    version=read_version(),
    description='Multi-label image recognition for MMPretrain',
    long_description=(ROOT / 'README.md').read_text('utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    classifiers=[
        f'Programming Language :: Python :: 3.{minor}'
        for minor in range(10, 14)
    ],
    packages=find_packages(include=['mmsrdl', 'mmsrdl.*']),
    package_data={
        'mmsrdl.analysis': ['page/*'],
        'mmsrdl.datasets.protocols': ['*.yml'],
    },
    python_requires='>=3.10,<3.14',
    install_requires=read_requirements('runtime'),
    extras_require=extras,
    cmdclass={
        'build_py': BuildPy,
        'develop': Develop,
        'editable_wheel': EditableWheel,
    },
    zip_safe=False,
)
