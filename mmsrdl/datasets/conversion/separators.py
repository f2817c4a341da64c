"""How several labels share one cell of a table or one name of a folder."""

from collections.abc import Iterable


def choose_separator(
    texts: Iterable[str], candidates: str, separator: str | None = None
) -> str | None:
    """Take the separator given, or find the only one that occurs.

    Args:
        texts (Iterable[str]): Labels as they are written.
        candidates (str): Characters to look for.
        separator (str, optional): The one to take without looking.

    Returns:
        str | None: A separator, or None if each text is one label.

    Raises:
        ValueError: If several candidates occur.
    """
    if separator is not None:
        return separator
    texts = list(texts)
    found = [c for c in candidates if any(c in text for text in texts)]
    if len(found) > 1:
        raise ValueError(
            f'Labels contain {" and ".join(map(repr, found))}: which of them '
            'is between labels? Say so with separator (--separator).'
        )
    return found[0] if found else None


def split_labels(text: str, separator: str | None) -> list[str]:
    """Cut a text into labels, without blanks around them and empty ones."""
    parts = [text] if separator is None else text.split(separator)
    return [part.strip() for part in parts if part.strip()]
