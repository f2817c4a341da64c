import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tree(tmp_path):
    """A checkout without an environment, of what the script reads."""
    folder = tmp_path / 'tree'
    shutil.copytree(ROOT / 'requirements', folder / 'requirements')
    (folder / 'tools').mkdir()
    for name in ('setup.py', 'pyproject.toml', 'tools/_setup_venv.sh'):
        shutil.copy(ROOT / name, folder / name)
    return folder


def setup_venv(tree, *args, **env):
    return subprocess.run(
        ['bash', str(tree / 'tools/_setup_venv.sh'), *args],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
    )


def test_unknown_profile(tree):
    done = setup_venv(tree, 'newest')
    assert done.returncode == 2
    assert 'use current or legacy' in done.stderr


def test_no_suitable_python(tree):
    done = setup_venv(tree, 'legacy', PYTHON='false')
    assert done.returncode == 1
    assert 'needs Python, one of 3.11, with venv; tried: false' in done.stderr
    assert done.stdout == ''


@pytest.fixture
def stub(tmp_path):
    """A Python that logs its arguments and does next to nothing.

    It cannot import cv2 if there is a file ``slim``, until the headless
    build of it is installed.
    """
    path = tmp_path / 'python'
    path.write_text(
        '#!/usr/bin/env bash\n'
        f'cd {tmp_path}\n'
        'echo "$*" >> log\n'
        'if [ "$2" = venv ]; then\n'
        '    cd tree && mkdir -p "$3/bin" && cp "$0" "$3/bin/python"\n'
        'fi\n'
        '[[ $* != *headless* ]] || rm slim\n'
        '[[ $* != "-c import cv2" || ! -e slim ]]\n'
    )
    path.chmod(0o755)
    return path


def test_environment_is_made_and_kept(tree, stub):
    """pip is told what to install, and is not called again."""
    log = stub.with_name('log')
    done = setup_venv(tree, 'legacy', PYTHON=str(stub))
    assert done.returncode == 0, done.stderr
    python = str(tree / '.venv-legacy/bin/python')
    assert done.stdout.strip() == python
    pip = re.findall('.*pip install.*', log.read_text())
    assert len(pip) == 2
    assert '-c requirements/constraints-legacy.txt torch torch' in pip[0]
    assert pip[0].endswith('-e .[mim,cpu,tests,deploy]')
    assert '-c requirements/constraints-legacy.txt --no-deps' in pip[1]
    assert '-r requirements/mmdeploy.txt' in pip[1]
    log.unlink()
    again = setup_venv(tree, 'legacy', PYTHON=str(stub))
    assert again.stdout.strip() == python
    assert not log.exists()
    with open(tree / 'requirements/constraints-legacy.txt', 'a') as file:
        file.write('# changed\n')
    setup_venv(tree, 'legacy', PYTHON=str(stub))
    assert 'pip install' in log.read_text()


def test_opencv_without_display_libraries(tree, stub):
    stub.with_name('slim').touch()
    done = setup_venv(tree, 'current', PYTHON=str(stub))
    assert done.returncode == 0, done.stderr
    pip = re.findall('.*pip install.*', stub.with_name('log').read_text())
    assert len(pip) == 3
    assert pip[0].endswith('-e .[mim,cpu,tests,deploy]')
    pins = (tree / 'requirements/constraints-current.txt').read_text()
    (version,) = re.findall('^opencv-python==(.*)$', pins, re.M)
    assert pip[2].endswith(f' opencv-python-headless=={version}')


def test_failed_installation_is_tried_again(tree, stub):
    stub.write_text(stub.read_text() + '[[ $* != *"pip install"* ]]\n')
    for _ in range(2):
        done = setup_venv(tree, 'current', PYTHON=str(stub))
        assert done.returncode != 0
        assert done.stdout == ''


def test_profile_on_top_of_the_current_one(tree, stub):
    """It sees the packages of the current one, and has its own versions."""
    below = stub.with_name('below')
    stub.write_text(
        stub.read_text().replace(
            'echo "$*" >> log\n',
            'echo "$*" >> log\n'
            f'[[ $* != *getsitepackages* ]] || echo {below}\n',
        )
    )
    packages = tree / '.venv-gradio/lib/python3.11/site-packages'
    packages.mkdir(parents=True)
    done = setup_venv(tree, 'gradio', PYTHON=str(stub))
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tree / '.venv-gradio/bin/python')
    assert str(below) in (packages / 'below.pth').read_text()
    *_, pip = re.findall('.*pip install.*', stub.with_name('log').read_text())
    assert pip.endswith(
        '-c requirements/constraints-gradio.txt -r requirements/gradio.txt'
    )
