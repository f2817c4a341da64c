"""Text files of which errors can be told by line."""

from pathlib import Path


def locate(content: bytes, offset: int) -> tuple[int, int]:
    """Find the line and column of a byte, both from 1.

    Args:
        content (bytes): Of a file.
        offset (int): Index of the byte.

    Returns:
        tuple[int, int]: Line and column.
    """
    line = content.count(b'\n', 0, offset) + 1
    return line, offset - content.rfind(b'\n', 0, offset)


def read_text(path: str | Path) -> str:
    """Read a UTF-8 file, with or without a byte-order mark.

    Args:
        path (str | Path): The file; ``~`` is the home folder.

    Returns:
        str: Its content.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not UTF-8; the message has the line.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'There is no file {str(path)!r}.')
    content = path.read_bytes()
    try:
        return content.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        line, _ = locate(content, error.start)
        raise ValueError(
            f'{str(path)!r}, line {line}: the text is not UTF-8. Save the '
            'file as UTF-8.'
        ) from error


def read_lines(path: str | Path) -> list[str]:
    """Read the lines of a text file, stripped, without blanks at the end.

    Args:
        path (str | Path): The file.

    Returns:
        list[str]: Line 1 first; blank lines in between are ``''``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not UTF-8.
    """
    lines = [line.strip() for line in read_text(path).splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    return lines
