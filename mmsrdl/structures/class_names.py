"""Checks of lists of class names, shared by label files and data sets."""

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def check_class_names(names: Sequence[str], where: str) -> tuple[str, ...]:
    """Make sure that class names can identify classes.

    Args:
        names (Sequence[str]): Class names.
        where (str): Where they come from, for the error message.

    Returns:
        tuple[str, ...]: The same names.

    Raises:
        TypeError: If ``names`` is not a list or tuple of strings.
        ValueError: If there is no name, an empty name or a duplicate.
    """
    if not isinstance(names, list | tuple) or not all(
        isinstance(name, str) for name in names
    ):
        raise TypeError(
            f'{where}: class names must be a list of strings, got {names!r}.'
        )
    if not names:
        raise ValueError(f'{where}: there is no class name.')
    blank = [
        i for i, name in enumerate(names) if not name or name != name.strip()
    ]
    if blank:
        raise ValueError(
            f'{where}: class names must be neither empty nor padded with '
            f'white space; check the entries {blank}.'
        )
    twice = sorted(name for name, n in Counter(names).items() if n > 1)
    if twice:
        raise ValueError(f'{where}: duplicate class names {twice}.')
    return tuple(names)


def describe_unknown(unknown: Iterable[str], known: Sequence[str]) -> str:
    """List unknown names, each with the known names closest to it.

    Args:
        unknown (Iterable[str]): Names that are not in ``known``.
        known (Sequence[str]): The names to choose from.

    Returns:
        str: For example ``'hotdog' (did you mean 'hot dog'?), 'unicorn'``.
    """
    lower = {name.lower(): name for name in known}

    def describe(name: str) -> str:
        close = get_close_matches(name.lower(), lower, n=2)
        hint = ' or '.join(repr(lower[match]) for match in close)
        return f'{name!r} (did you mean {hint}?)' if hint else repr(name)

    return ', '.join(map(describe, unknown))
