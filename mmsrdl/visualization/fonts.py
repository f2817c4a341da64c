"""Fonts that can write class names of any script."""

import logging
import re
import unicodedata
from contextlib import suppress
from functools import cache, lru_cache
from importlib import metadata

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import (
    FontProperties,
    findSystemFonts,
    fontManager,
    get_font,
)
from matplotlib.text import Text
from mmengine.logging import print_log

_FONT_FILES = ('.ttf', '.otf', '.ttc')
_EAST_ASIAN = ('CJK', 'HIRAGANA', 'KATAKANA', 'HANGUL')
_VARIANTS = range(0xFE00, 0xFE10)  # select a glyph, have none


def fit_fonts(figure: Figure) -> Figure:
    """Give each text of a figure fonts that have its characters.

    To be called last, as it changes the texts that the figure has by then.

    Args:
        figure (Figure): Changed in place.

    Returns:
        Figure: The same figure.
    """
    for text in figure.findobj(Text):
        families = font_families(text.get_text())
        if families != mpl.rcParams['font.family']:
            text.set_fontfamily(families)
    return figure


def font_families(text: str) -> list[str]:
    """Choose fonts that together have the characters of a text.

    Looks at the fonts that matplotlib knows, then for new ones of the system,
    then in installed Python packages. Warns, once for each script, of
    characters that no font has.

    Args:
        text (str): What is to be written.

    Returns:
        list[str]: The families of ``rcParams['font.family']``, and what they
        need as fallback, for the ``fontfamily`` of a text of matplotlib.
    """
    return list(_choose(text, tuple(mpl.rcParams['font.family'])))


@lru_cache(4096)
def _choose(text: str, families: tuple[str, ...]) -> tuple[str, ...]:
    missing = {
        char
        for char in text
        if char.isprintable() and not char.isspace()
        if ord(char) not in _VARIANTS
    }
    for family in families:
        default = FontProperties(family=[family])
        missing -= _characters(fontManager.findfont(default))
    for search in (None, _add_system_fonts, _add_package_fonts):
        if missing and search:
            search()
        while missing:
            family, found = _best(missing)
            if not found:
                break
            families += (family,)
            missing -= found
    for char in sorted(missing):
        _warn(_script(char))
    return families


def _best(missing: set[str]) -> tuple[str, set[str]]:
    """The family with most of the characters, without serifs if equal."""
    fonts = {
        font.name: font.fname
        for font in fontManager.ttflist
        # Boxes for all characters there are.
        if font.style == 'normal' and not font.name.startswith('Last Resort')
    }
    found = {
        name: missing & _characters(fname) for name, fname in fonts.items()
    }
    order = sorted(found, key=lambda name: ('Sans' not in name, name))
    best = max(order, key=lambda name: len(found[name]))
    return best, found[best]


@cache
def _characters(font_file: str) -> frozenset[str]:
    try:
        return frozenset(map(chr, get_font(font_file).get_charmap()))
    except (OSError, RuntimeError):  # removed or broken since listed
        return frozenset()


@cache
def _add_system_fonts() -> None:
    """Tell matplotlib of fonts that came after it made its list."""
    _add(findSystemFonts())


@cache
def _add_package_fonts() -> None:
    """Tell matplotlib of the fonts in installed Python packages."""
    _add(
        [
            str(file.locate())
            for package in metadata.distributions()
            for file in package.files or ()
            if file.suffix.lower() in _FONT_FILES
        ]
    )


def _add(font_files: list[str]) -> None:
    known = {font.fname for font in fontManager.ttflist}
    for font_file in font_files:
        if font_file not in known:
            # A font that matplotlib cannot read, as one of coloured emoji.
            with suppress(Exception):
                fontManager.addfont(font_file)


def _script(char: str) -> str:
    """The script of a character, as 'THAI', by its name in Unicode."""
    if unicodedata.category(char).startswith('S'):
        return 'symbol'
    return re.split('[ -]', unicodedata.name(char, 'unnamed'))[0]


@cache
def _warn(script: str) -> None:
    advice = '`apt-get install fonts-noto-core`'
    if script in _EAST_ASIAN:
        advice = (
            '`apt-get install fonts-noto-cjk` or `pip install '
            'noto-cjk-sans-jp-regular`'
        )
    print_log(
        f'No installed font has all of the {script} characters that are to '
        'be written: pictures show boxes in their place. Install a font, for '
        f'example by {advice}.',
        'current',
        logging.WARNING,
    )
