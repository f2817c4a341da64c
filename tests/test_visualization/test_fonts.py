import io
import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import FontManager
from PIL import Image

from mmsrdl.visualization import fit_fonts, font_families, fonts

CJK_FONT = 'noto_cjk_sans_jp_regular'


@pytest.fixture
def fresh(monkeypatch):
    """Fonts of matplotlib alone, nothing looked up yet."""
    manager = FontManager()
    shipped = [f for f in manager.ttflist if 'mpl-data' in f.fname]
    monkeypatch.setattr(manager, 'ttflist', shipped)
    monkeypatch.setattr(fonts, 'fontManager', manager)
    monkeypatch.setattr(fonts, 'findSystemFonts', lambda: [])
    cached = (
        fonts._choose,
        fonts._warn,
        fonts._add_system_fonts,
        fonts._add_package_fonts,
    )
    for function in cached:
        function.cache_clear()
    yield manager
    for function in cached:
        function.cache_clear()


@pytest.fixture
def messages(monkeypatch):
    found = []
    monkeypatch.setattr(fonts, 'print_log', lambda *args: found.append(args))
    return found


def ink(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer)
    return (np.asarray(Image.open(buffer).convert('L')) < 128).sum()


def test_latin_needs_no_fallback(fresh, messages):
    assert font_families('Bücher & cost 5 $\n') == ['sans-serif']
    assert font_families('') == ['sans-serif']
    assert not messages


def test_fonts_of_packages_are_found(fresh, messages):
    pytest.importorskip(CJK_FONT)
    assert font_families('狗 dog') == ['sans-serif', 'Noto Sans CJK JP']
    assert not messages


def test_fonts_newer_than_the_list_are_found(fresh, messages, monkeypatch):
    package = pytest.importorskip(CJK_FONT)
    monkeypatch.setattr(
        fonts, 'findSystemFonts', lambda: [str(package.FONT_PATH)]
    )
    monkeypatch.setattr(fonts.metadata, 'distributions', lambda: [])
    assert font_families('강아지') == ['sans-serif', 'Noto Sans CJK JP']


def test_says_once_which_font_to_install(fresh, messages, monkeypatch):
    monkeypatch.setattr(fonts.metadata, 'distributions', lambda: [])
    for text in ('कुत्ता', 'बिल्ली', '狗', '犬', '🐶'):
        assert font_families(text) == ['sans-serif']
    texts = [message for message, *_ in messages]
    assert len(texts) == 3
    assert 'DEVANAGARI' in texts[0]
    assert 'apt-get install fonts-noto-core' in texts[0]
    assert 'CJK' in texts[1]
    assert 'pip install noto-cjk-sans-jp-regular' in texts[1]
    assert 'symbol' in texts[2]


@pytest.mark.parametrize('text', ['собака', 'كلب', '狗', '犬です', '강아지'])
def test_letters_are_no_boxes(text):
    pytest.importorskip(CJK_FONT)
    figure = Figure((2, 1))
    figure.text(0.1, 0.3, text, fontsize=30)
    figure.add_axes((0, 0, 1, 1)).set_xticks([0], [text])
    assert fit_fonts(figure) is figure
    with warnings.catch_warnings():
        # So matplotlib tells of a character that becomes a box.
        warnings.filterwarnings('error', message='.*missing from font')
        assert ink(figure) > 50


def test_boxes_would_be_told():
    figure = Figure()
    figure.text(0, 0, '狗')
    with pytest.warns(UserWarning, match='missing from font'):
        ink(figure)
