"""Which images of a data set are there, wherever they are kept."""

import os
import os.path as osp
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from mmengine.dataset import Compose
from mmengine.fileio import BaseStorageBackend, get_file_backend
from mmengine.fileio.backends import LmdbBackend, LocalBackend

from .tar_backend import TarBackend


def walk_files(folder: str | os.PathLike) -> list[Path]:
    """List the files in a folder and the folders in it, links followed.

    Args:
        folder (str | PathLike): The folder.

    Returns:
        list[Path]: The files, sorted; none if there is no such folder.
    """
    return sorted(
        Path(inner, name)
        for inner, _, names in os.walk(folder, followlinks=True)
        for name in names
    )


def image_backend(pipeline: Compose) -> BaseStorageBackend:
    """The file backend by which a pipeline loads images.

    Args:
        pipeline (Compose): Its first transform with ``backend_args`` or
            ``file_client_args``, as ``LoadImageFromFile`` has, decides.

    Returns:
        BaseStorageBackend: By default that of the file system.

    Raises:
        ValueError: If there is no such backend.
    """
    args = {}
    for transform in pipeline.transforms:
        args = getattr(transform, 'backend_args', None)
        args = args or getattr(transform, 'file_client_args', None) or {}
        if args:
            break
    # Arguments without a name are for the backend of a URL's prefix.
    name = args.get('backend', 'local')
    if name in ('local', 'disk'):
        args = dict(backend='local')
    try:
        return get_file_backend('', backend_args=args, enable_singleton=True)
    except KeyError as error:
        raise ValueError(
            f'There is no file backend {name!r}, as the backend_args of '
            'LoadImageFromFile ask for.'
        ) from error


def has_folders(backend: BaseStorageBackend) -> bool:
    """Whether paths are joined, rather than keys as they stand."""
    return hasattr(backend, 'join_path')


def find_missing(
    paths: Sequence[str], backend: BaseStorageBackend
) -> list[str] | None:
    """Find images that a backend does not have.

    Folders are listed once each, and the keys of a database or a tar file
    looked up. URLs, and backends that cannot tell cheaply, are not asked.

    Args:
        paths (Sequence[str]): Paths or keys of images.
        backend (BaseStorageBackend): What :func:`image_backend` gives.

    Returns:
        list[str] | None: Those that are missing; None if it was not asked.

    Raises:
        FileNotFoundError: If a whole folder, or the database, is missing.
        ValueError: If a key of LMDB is not ASCII.
    """
    if isinstance(backend, LocalBackend):
        return _missing_files(path for path in paths if '://' not in path)
    if isinstance(backend, TarBackend):
        return [path for path in paths if not backend.isfile(path)]
    if isinstance(backend, LmdbBackend):
        return _missing_keys(paths, backend)
    return None


def _missing_files(paths: Iterable[str]) -> list[str]:
    folders = defaultdict(list)
    for path in paths:
        folder, _, name = path.rpartition(os.sep)
        folders[folder].append((name, path))
    missing = []
    for folder, files in folders.items():
        place = folder or (os.sep if files[0][1][0] == os.sep else '.')
        if not osp.isdir(place):
            raise FileNotFoundError(
                f'There is no image folder {folder!r}. Check `data_root` and '
                '`data_prefix`.'
            )
        present = set(os.listdir(place))
        missing += [path for name, path in files if name not in present]
    return missing


def _missing_keys(
    paths: Sequence[str], backend: LmdbBackend
) -> list[str] | None:
    """Look for keys without reading the images, and close the database.

    A database must not stay open when worker processes fork.
    """
    import lmdb

    strange = [path for path in paths if not path.isascii()]
    if strange:
        raise ValueError(
            'LmdbBackend reads ASCII keys alone, but images are named '
            f'{strange[:3]}. Keep them in a folder or in tar files.'
        )
    if not osp.exists(backend.db_path):
        raise FileNotFoundError(
            f'There is no LMDB database {backend.db_path!r}, which the '
            'backend_args of LoadImageFromFile name.'
        )
    try:
        database = lmdb.open(
            backend.db_path, readonly=True, lock=False, **backend.kwargs
        )
    except lmdb.Error as error:
        if 'already open' in str(error):
            return None
        raise ValueError(
            f'{backend.db_path!r} is not an LMDB database: {error}'
        ) from error
    with database, database.begin() as transaction:
        cursor = transaction.cursor()
        return [path for path in paths if not cursor.set_key(path.encode())]
