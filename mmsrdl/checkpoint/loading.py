"""Loading checkpoints without running what a file says."""

import os
import pickle
import re
import tarfile
import threading
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlparse

import torch
from mmengine.utils import digit_version
from torch import serialization

from .restricted_unpickler import PICKLE_MODULE
from .stand_ins import STAND_INS, resolve

_LOCK = threading.Lock()
_DATE = r'(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])'
_TRUST = 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'


class UnsafeCheckpointError(pickle.UnpicklingError):
    """A checkpoint asks for more than tensors and training state."""


def load(file: str | os.PathLike | BinaryIO, map_location=None) -> Any:
    """Load a checkpoint of tensors, plain values and MMEngine's state.

    Replaces ``torch.load``. Nothing but tensors, plain containers, numpy
    numbers and arrays, and MMEngine's log histories is created; a Runner's
    checkpoint has nothing else. Where torch has a usable allow-list, this is
    ``weights_only=True`` with a few checked stand-ins; on an older torch, or
    for a file in the format before zip, an unpickler with the same rules.

    Args:
        file: A path or an open binary file.
        map_location: As in ``torch.load``.

    Raises:
        FileNotFoundError: If there is no such file.
        UnsafeCheckpointError: If the file asks for anything else. Set the
            environment variable ``TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1`` to
            load a file that you trust all the same.
        RuntimeError: If the file is not a checkpoint, or is damaged.
    """
    if not isinstance(file, str | os.PathLike):
        return _load(file, map_location, getattr(file, 'name', 'the stream'))
    path = Path(file).expanduser()
    if not path.is_file():
        what = 'is a folder' if path.is_dir() else 'does not exist'
        raise FileNotFoundError(
            f'The checkpoint {path} {what}. Give the path of a .pth file, '
            f'or a URL that begins with https://.'
        )
    with path.open('rb') as stream:
        return _load(stream, map_location, path)


def load_url(
    url: str,
    model_dir: str | None = None,
    map_location=None,
    progress: bool = True,
) -> Any:
    """Load a checkpoint from the web, or from the cache of downloads.

    If the name ends in ``-`` and at least eight hexadecimal digits, as
    published checkpoints do, these must be the first digits of the file's
    SHA-256 sum. A date such as 20261121 is no sum.

    Args:
        url: Address of the checkpoint.
        model_dir: Folder of the cache, torch hub's by default.
        map_location: As in ``torch.load``.
        progress: Whether to show the progress of the download.

    Raises:
        ConnectionError: If the address cannot be read.
        RuntimeError: If the sum is another one. Nothing is kept then.
        UnsafeCheckpointError: As :func:`load`.
    """
    folder = Path(model_dir or Path(torch.hub.get_dir(), 'checkpoints'))
    file = folder / Path(urlparse(url).path).name
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        digits = re.search(rf'-(?!{_DATE}$)([0-9a-f]{{8,64}})$', file.stem)
        try:
            torch.hub.download_url_to_file(
                url, str(file), digits and digits[1], progress=progress
            )
        except OSError as error:
            raise ConnectionError(
                f'Could not download {url}: {error}. Check the address and '
                f'the connection, or put the file at {file}.'
            ) from error
        except RuntimeError as error:
            raise RuntimeError(
                f'The file at {url} is not the one that its name promises, '
                f'it is damaged or was replaced: {error}.'
            ) from error
    return load(file, map_location)


def _load(stream: BinaryIO, map_location, name) -> Any:
    if os.environ.get(_TRUST, '').lower() in ('1', 'y', 'yes', 'true'):
        return torch.load(stream, map_location, weights_only=False)
    _check_format(stream, name)
    try:
        return resolve(_load_restricted(stream, map_location))
    except pickle.UnpicklingError as error:
        # torch wraps the reason in advice that we give ourselves.
        reason = str(error.__context__ or error)
        refused = re.search(r'GLOBAL (\S+)', reason)
        raise _unsafe(name, refused[1] if refused else reason) from None
    except Exception as error:
        raise RuntimeError(
            f'Could not load {name}, it may be damaged or incomplete: '
            f'{type(error).__name__}: {error}'
        ) from error


def _load_restricted(stream: BinaryIO, map_location) -> Any:
    position = stream.tell()
    zipped = stream.read(2) == b'PK'
    stream.seek(position)
    # Since torch 2.7 an object can be allowed under the name of another. In
    # the old format, torch's own tensors may still lie beyond their storage.
    if zipped and digit_version(torch.__version__) >= digit_version('2.7'):
        allowed = [(value, name) for name, value in STAND_INS.items()]
        with _LOCK, torch.serialization.safe_globals(allowed):
            return torch.load(stream, map_location, weights_only=True)
    return torch.load(
        stream,
        map_location,
        pickle_module=PICKLE_MODULE,
        weights_only=False,
        sizes=_get_storage_sizes(stream) if zipped else None,
    )


def _get_storage_sizes(stream: BinaryIO) -> dict[str, int]:
    """Return the bytes of each storage in a zip, by its key.

    The reader that torch loads them with must be the one that counts them.
    """
    position = stream.tell()
    with serialization._open_zipfile_reader(stream) as reader:
        sizes = {
            name.removeprefix('data/'): len(reader.get_record(name))
            for name in reader.get_all_records()
            if name.startswith('data/')
        }
    stream.seek(position)
    return sizes


def _check_format(stream: BinaryIO, name):
    """Let pass only what torch reads with the unpickler it is given."""
    position = stream.tell()
    start = stream.read(4)
    stream.seek(position)
    if start == b'PK\x03\x04':
        if _is_torchscript(stream):
            raise _unsafe(name, 'the TorchScript interpreter')
    elif tarfile.is_tarfile(stream):
        raise _unsafe(name, "the tar format of torch's first versions")
    elif start[:1] != b'\x80':
        raise RuntimeError(
            f'{name} is not a PyTorch checkpoint: it begins with {start!r}. '
            'Was the download complete?'
        )
    stream.seek(position)


def _is_torchscript(stream: BinaryIO) -> bool:
    try:
        with serialization._open_zipfile_reader(stream) as reader:
            return serialization._is_torchscript_zip(reader)
    except (RuntimeError, OSError):
        return False  # damaged: loading it will tell


def _unsafe(name, refused: str) -> UnsafeCheckpointError:
    return UnsafeCheckpointError(
        f'Refused to load {name}: it asks for {refused}, which weights and '
        'training state do not need and which can run any program. If you '
        f'trust the file, set the environment variable {_TRUST}=1 for this '
        'run, or rewrite it once by torch.save(torch.load(PATH, map_location='
        "'cpu', weights_only=False)['state_dict'], NEW_PATH)."
    )
