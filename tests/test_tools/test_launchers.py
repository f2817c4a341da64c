import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / 'tools'
BASH = shutil.which('bash')
RESOURCES = ('GPUS', 'GPUS_PER_NODE', 'CPUS_PER_TASK', 'SRUN_ARGS')
NODES = ('NNODES', 'NODE_RANK', 'PORT', 'MASTER_ADDR')


@pytest.fixture
def launch(tmp_path, monkeypatch):
    """Runs a launcher with programs that only write what they are given.

    Returns:
        What the program was, its arguments, and its PYTHONPATH.
    """
    for program in ('python', 'srun'):
        stub = tmp_path / program
        stub.write_text(
            f'#!{BASH}\n'
            'printf "%s\\0" "${0##*/}" "$PYTHONPATH" "$@" > record\n'
            'exit ${STATUS:-0}\n'
        )
        stub.chmod(0o755)
    path = f'{tmp_path}{os.pathsep}{os.environ["PATH"]}'
    monkeypatch.setenv('PATH', path)
    monkeypatch.chdir(tmp_path)
    for name in (*RESOURCES, *NODES, 'PYTHONPATH'):
        monkeypatch.delenv(name, raising=False)

    def run(name, *args):
        subprocess.run([BASH, str(TOOLS / name), *args], check=True)
        record = (tmp_path / 'record').read_text().split('\0')[:-1]
        program, python_path, *arguments = record
        return program, arguments, python_path

    return run


def test_dist_train(launch):
    program, args, path = launch(
        'dist_train.sh', 'a b.py', '8', '--amp', '--cfg-options', 'x="1 2"'
    )
    assert program == 'python'
    assert args == [
        *('-m', 'torch.distributed.run'),
        *('--nnodes=1', '--node_rank=0', '--master_addr=127.0.0.1'),
        *('--nproc_per_node=8', '--master_port=29500'),
        *(f'{TOOLS}/train.py', 'a b.py', '--launcher', 'pytorch'),
        *('--amp', '--cfg-options', 'x="1 2"'),
    ]
    assert Path(path).resolve() == TOOLS.parent


def test_dist_test(launch, monkeypatch):
    monkeypatch.setenv('PYTHONPATH', '/elsewhere')
    _, args, path = launch(
        'dist_test.sh', 'a.py', 'b c.pth', '2', '--out', 'd'
    )
    assert args[-8:] == [
        *('--master_port=29500', f'{TOOLS}/test.py', 'a.py', 'b c.pth'),
        *('--launcher', 'pytorch', '--out', 'd'),
    ]
    assert '--nproc_per_node=2' in args
    assert path.endswith(f'{os.pathsep}/elsewhere')


@pytest.mark.parametrize('name', ['dist_train.sh', 'dist_test.sh'])
def test_several_nodes(launch, monkeypatch, name):
    for variable, value in zip(
        NODES, ('2', '1', '29501', 'host'), strict=True
    ):
        monkeypatch.setenv(variable, value)
    _, args, _ = launch(name, 'a.py', '4', '4')
    assert {
        *('--nnodes=2', '--node_rank=1', '--master_addr=host'),
        *('--nproc_per_node=4', '--master_port=29501'),
    } <= set(args)


SLURM = [
    ('slurm_train.sh', 'train.py', ['a b.py', '--work-dir=c d']),
    ('slurm_test.sh', 'test.py', ['a b.py', 'c d']),
]


@pytest.mark.parametrize(('name', 'tool', 'expected'), SLURM)
def test_slurm(launch, name, tool, expected):
    program, args, path = launch(
        name, 'part', 'job name', 'a b.py', 'c d', '--amp', 'e f'
    )
    assert program == 'srun'
    assert args == [
        *('-p', 'part', '--job-name=job name', '--gres=gpu:8', '--ntasks=8'),
        *('--ntasks-per-node=8', '--cpus-per-task=5', '--kill-on-bad-exit=1'),
        *('python', '-u', f'{TOOLS}/{tool}', *expected),
        *('--launcher=slurm', '--amp', 'e f'),
    ]
    assert Path(path).resolve() == TOOLS.parent


@pytest.mark.parametrize(('name', 'tool', 'expected'), SLURM)
def test_slurm_resources(launch, monkeypatch, name, tool, expected):
    values = ('16', '4', '2', '--time=1 --quotatype=spot')
    for variable, value in zip(RESOURCES, values, strict=True):
        monkeypatch.setenv(variable, value)
    _, args, _ = launch(name, 'part', 'job', 'a.py', 'b')
    assert args[3:10] == [
        *('--gres=gpu:4', '--ntasks=16', '--ntasks-per-node=4'),
        *('--cpus-per-task=2', '--kill-on-bad-exit=1'),
        *('--time=1', '--quotatype=spot'),
    ]


@pytest.mark.parametrize(
    ('name', 'args'),
    [
        ('dist_train.sh', ['a.py']),
        ('dist_test.sh', ['a.py', 'b.pth']),
        ('slurm_train.sh', ['part', 'job', 'a.py']),
        ('slurm_test.sh', ['part', 'job', 'a.py']),
    ],
)
def test_usage(name, args):
    done = subprocess.run(
        [BASH, str(TOOLS / name), *args], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert 'Usage:' in done.stderr


def test_failure_is_passed_on(launch, monkeypatch):
    monkeypatch.setenv('STATUS', '3')
    with pytest.raises(subprocess.CalledProcessError) as caught:
        launch('dist_train.sh', 'a.py', '1')
    assert caught.value.returncode == 3
