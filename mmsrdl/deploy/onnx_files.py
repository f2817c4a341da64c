"""ONNX files, and the packages that read and write them."""

import importlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import ModelProto


def require(package: str) -> ModuleType:
    """Import a package that deployment alone needs.

    Args:
        package (str): Its name in Python, or that of a module in it.

    Raises:
        RuntimeError: If it is not installed, or not with all that it needs.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        missing = error.name.partition('.')[0]
        raise RuntimeError(
            f'{missing} is not installed: pip install {missing}'
        ) from None


@contextmanager
def write_whole(path: str | os.PathLike) -> Iterator[Path]:
    """Let a file appear under its name when it is complete, or not at all.

    Args:
        path (str | PathLike): Its folder is made if need be.

    Yields:
        Path: Where to write it, in the same folder, by a name that no other
        run takes.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.{uuid.uuid4().hex}.part')
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def load_onnx(path: str | os.PathLike) -> 'ModelProto':
    """Read an ONNX file.

    Raises:
        FileNotFoundError: If there is no such file.
        RuntimeError: If ``onnx`` is not installed.
        ValueError: If it is no ONNX file, or not a whole one.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f'There is no ONNX file {path!r}.')
    onnx = require('onnx')
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except Exception as error:  # of protobuf, which onnx alone depends on
        raise ValueError(
            f'{path!r} is no valid ONNX file; is it complete? {error}'
        ) from None
    return model
