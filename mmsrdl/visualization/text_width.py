"""Widths of texts, in columns of a terminal."""

import unicodedata
from collections.abc import Sequence

_MOST = 32
"""Columns of a name beside a row, so that one cannot take the figure."""


def text_columns(text: str) -> int:
    """Width of a text in columns; East Asian characters take two."""
    return sum(
        2 if unicodedata.east_asian_width(char) in 'WF' else 1 for char in text
    )


def shorten(text: str, columns: int) -> str:
    """Cut a text that is wider than some columns, and mark it so."""
    if text_columns(text) <= columns:
        return text
    while text and text_columns(text) >= columns:
        text = text[:-1]
    return f'{text.rstrip()}…'


def shorten_names(names: Sequence[str]) -> list[str]:
    """Cut names so that they leave room for what is drawn beside them."""
    return [shorten(name, _MOST) for name in names]
