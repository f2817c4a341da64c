import sys

import pytest
from programs import run_program


@pytest.fixture
def program(tmp_path):
    def write(code):
        path = tmp_path / 'program.py'
        path.write_text(code)
        return path

    return write


@pytest.mark.skipif(sys.platform != 'linux', reason='needs /proc')
def test_the_server_has_one_thread(program):
    code = (
        'import os, sys\n'
        "print('torch' in sys.modules, 'mmsrdl' in sys.modules)\n"
        "print(len(os.listdir(f'/proc/{os.getppid()}/task')))"
    )
    done = run_program(program(code))
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout.split() == ['True', 'False', '1']


def test_it_is_a_process_of_its_own(program, tmp_path):
    code = (
        'import os, sys\n'
        "print(*sys.argv[1:], os.environ['X'], os.getcwd(), __name__)\n"
        "sys.exit('bad')"
    )
    done = run_program(
        program(code), 1, 'b', cwd=tmp_path, env={'X': 'y', 'PATH': ''}
    )
    assert done.stdout.split() == ['1', 'b', 'y', str(tmp_path), '__main__']
    assert (done.returncode, done.stderr) == (1, 'bad\n')
