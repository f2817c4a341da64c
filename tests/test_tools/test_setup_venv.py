import os
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
    assert '(3, 10) <= v < (3, 12)' in done.stderr
    assert done.stdout == ''


def test_environment_is_made_and_kept(tree, tmp_path):
    """pip is told what to install, and is not called again."""
    stub = tmp_path / 'python'
    log = tmp_path / 'log'
    stub.write_text(
        '#!/usr/bin/env bash\n'
        f'echo "$*" >> {log}\n'
        'if [ "$2" = venv ]; then\n'
        '    mkdir -p "$3/bin" && cp "$0" "$3/bin/python"\n'
        'fi\n'
    )
    stub.chmod(0o755)
    done = setup_venv(tree, 'legacy', PYTHON=str(stub))
    assert done.returncode == 0, done.stderr
    python = str(tree / '.venv-legacy/bin/python')
    assert done.stdout.strip() == python
    pip = [line for line in log.read_text().splitlines() if 'pip' in line]
    assert len(pip) == 1
    assert '-c requirements/constraints-legacy.txt torch torch' in pip[0]
    log.unlink()
    again = setup_venv(tree, 'legacy', PYTHON=str(stub))
    assert again.stdout.strip() == python
    assert not log.exists()
    with open(tree / 'requirements/constraints-legacy.txt', 'a') as file:
        file.write('# changed\n')
    setup_venv(tree, 'legacy', PYTHON=str(stub))
    assert 'pip install' in log.read_text()
