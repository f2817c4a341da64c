"""Python programs in processes of their own that need not load PyTorch.

They are forked from a server that has loaded what is large and not ours, which
is most of the time that a tool takes to start. It must have a single thread: a
fork that finds locks of others waits for ever.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]

SERVER = multiprocessing.get_context('forkserver')
SERVER.set_forkserver_preload(
    ['torch', 'torchvision', 'cv2', 'matplotlib.pyplot', 'mmengine.runner']
)


def run_program(path, *args, cwd=None, env=None):
    """Run a program as ``python PATH ARGS`` would.

    Args:
        path (str | Path): Of the program, relative to ``cwd``.
        *args: Its arguments.
        cwd (str | Path, optional): Working folder. Defaults to None, that
            of this process.
        env (Mapping[str, str], optional): Defaults to None, the variables of
            this process.

    Returns:
        subprocess.CompletedProcess: As ``subprocess.run`` gives it.
    """
    argv = [str(path), *map(str, args)]
    environment = {**(os.environ if env is None else env)}
    with (
        tempfile.NamedTemporaryFile('r+', encoding='utf-8') as out,
        tempfile.NamedTemporaryFile('r+', encoding='utf-8') as err,
    ):
        process = SERVER.Process(
            target=_run,
            args=(argv, cwd or os.getcwd(), environment, out.name, err.name),
        )
        process.start()
        process.join()
        return subprocess.CompletedProcess(
            argv, process.exitcode, out.read(), err.read()
        )


def _run(argv, folder, environment, *outputs):
    import torch

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, output in enumerate(outputs, 1):
        os.dup2(os.open(output, os.O_WRONLY | os.O_APPEND), number)
    torch.set_num_threads(1)
    sys.argv = argv
    program = os.path.abspath(argv[0])
    sys.path[:0] = [os.path.dirname(program), str(ROOT)]
    runpy.run_path(program, run_name='__main__')
