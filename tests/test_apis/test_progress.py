import io
import sys

import pytest
from mmpretrain.utils import progress

from mmsrdl.apis.progress import show_progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def replace(monkeypatch):
    """Replaces the output by a pipe, the error stream by what is given."""

    def replace(stderr):
        monkeypatch.setenv('TERM', 'xterm')
        monkeypatch.setattr(progress, 'disable_progress_bar', False)
        monkeypatch.setattr(sys, 'stdout', io.StringIO())
        monkeypatch.setattr(sys, 'stderr', stderr)
        return sys.stdout, sys.stderr

    return replace


def test_a_bar_that_leaves_the_output_alone(replace):
    out, shown = streams = replace(Terminal())
    for item in show_progress('abc', 'Inference', 3):
        print(item)
    assert out.getvalue() == 'a\nb\nc\n'
    assert 'Inference' in shown.getvalue() and '3/3' in shown.getvalue()
    assert (sys.stdout, sys.stderr) == streams


def test_a_bar_ends_with_its_loop(replace):
    streams = replace(Terminal())
    for _ in show_progress('abc', 'Inference', None):
        break
    cursor = [streams[1].getvalue().rfind(f'\x1b[?25{x}') for x in 'lh']
    assert -1 < cursor[0] < cursor[1]  # hidden, then shown again
    assert (sys.stdout, sys.stderr) == streams


def test_no_bar_where_nobody_looks(replace, monkeypatch):
    streams = replace(io.StringIO())
    assert list(show_progress('abc', 'Inference', 3)) == ['a', 'b', 'c']
    assert [stream.getvalue() for stream in streams] == ['', '']
    streams = replace(Terminal())
    monkeypatch.setattr(progress, 'disable_progress_bar', True)
    assert list(show_progress('abc', 'Inference', 3)) == ['a', 'b', 'c']
    assert streams[1].getvalue() == ''
