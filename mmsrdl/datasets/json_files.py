"""Reading annotation files in JSON."""

import gc
import json
import os.path as osp
from collections.abc import Mapping
from contextlib import contextmanager

from .text_files import locate


def load_json_object(path: str, entries: Mapping[str, type]) -> dict:
    """Read a JSON file whose top is an object.

    Args:
        path (str): The file, in UTF-8.
        entries (Mapping[str, type]): Entries that it must have, and their
            types, dict or list.

    Returns:
        dict: The content.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not JSON, which names line and column, or lacks
            an entry.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'There is no annotation file {path!r}. Check `data_root` and '
            '`ann_file`.'
        )
    with open(path, 'rb') as file:
        content = file.read()
    try:
        text = content.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        line, column = locate(content, error.start)
        raise ValueError(
            f'{path!r} is not a JSON file: it must be in UTF-8, but has '
            f'another byte at line {line} column {column}.'
        ) from error
    del content
    try:
        with _paused_collection():
            content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path!r} is not a JSON file: {error}') from error
    found = content if isinstance(content, dict) else {}
    wrong = [
        key
        for key, kind in entries.items()
        if not isinstance(found.get(key), kind)
    ]
    if wrong:
        kinds = {dict: 'object', list: 'list'}
        expected = [f'{key} ({kinds[entries[key]]})' for key in entries]
        raise ValueError(
            f'{path!r} is not the right kind of annotation '
            f'file: it must be an object with {", ".join(expected)}; '
            f'found {sorted(found)}, with {", ".join(wrong)} missing or '
            'of another type.'
        )
    return content


@contextmanager
def _paused_collection():
    """No search for cycles while millions of objects appear, which have none.

    It takes a third of the time of parsing.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
