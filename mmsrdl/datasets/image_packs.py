"""Packs folders of images for file backends that hold many in one file."""

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

from torchvision.datasets.folder import IMG_EXTENSIONS

from .image_files import walk_files


def list_images(root: str | os.PathLike, folder: str = '') -> list[str]:
    """List the images in a folder and the folders in it.

    Args:
        root (str | PathLike): What the names are relative to, as a data
            set's ``data_root``.
        folder (str): The folder in ``root``. Defaults to ``''``: all of it.

    Returns:
        list[str]: Names, sorted, with ``/`` between folders.

    Raises:
        FileNotFoundError: If there is no such folder, or no image in it.
    """
    root = Path(root)
    names = sorted(
        path.relative_to(root).as_posix()
        for path in walk_files(root / folder)
        if path.suffix.lower() in IMG_EXTENSIONS
    )
    if not names:
        raise FileNotFoundError(
            f'There is no image, no file that ends in '
            f'{", ".join(IMG_EXTENSIONS)}, in {str(root / folder)!r}.'
        )
    return names


def pack_tar(
    root: str | os.PathLike,
    names: list[str],
    target: str | os.PathLike,
    shard_size: int | None = None,
) -> list[Path]:
    """Write uncompressed tar files, for ``TarBackend``.

    Args:
        root (str | PathLike): What the names are relative to.
        names (list[str]): Of the images.
        target (str | PathLike): The file; for several, ``-00000`` and so on
            is put before its suffix.
        shard_size (int, optional): Most images of a file. Defaults to None:
            one file.

    Returns:
        list[Path]: The files.

    Raises:
        FileExistsError: If a file is there already.
        ValueError: If ``shard_size`` is less than 1.
    """
    if shard_size is not None and shard_size < 1:
        raise ValueError(f'shard_size must be at least 1, got {shard_size}.')
    target = Path(target)
    size = shard_size or len(names)
    written = []
    for number, shard_names in enumerate(_chunks(names, size)):
        path = target
        if shard_size:
            path = target.with_stem(f'{target.stem}-{number:05d}')
        # Links would be members without content.
        with tarfile.open(path, 'x', dereference=True) as shard:
            for name in shard_names:
                shard.add(Path(root, name), name, recursive=False)
        written.append(path)
    return written


def pack_lmdb(
    root: str | os.PathLike, names: list[str], target: str | os.PathLike
) -> Path:
    """Write an LMDB database, for MMEngine's ``LmdbBackend``.

    Args:
        root (str | PathLike): What the names are relative to.
        names (list[str]): Of the images; the keys.
        target (str | PathLike): The folder of the database.

    Returns:
        Path: The folder.

    Raises:
        FileExistsError: If the folder is there already.
        ImportError: If ``lmdb`` is not installed.
        ValueError: If a name is not ASCII, which the backend cannot read.
    """
    try:
        import lmdb
    except ImportError as error:
        raise ImportError(
            'Run `pip install lmdb` to pack images into LMDB.'
        ) from error
    strange = [name for name in names if not name.isascii()]
    if strange:
        raise ValueError(
            f'LmdbBackend reads ASCII names alone: rename {strange[:3]}, or '
            'pack them into tar files.'
        )
    target = Path(target)
    target.mkdir(parents=True)
    sizes = [Path(root, name).stat().st_size for name in names]
    # Room for the pages of values, keys and branches.
    room = sum(-(-size // 4096) + 2 for size in sizes) * 4096 + 2**20
    with lmdb.open(str(target), map_size=room) as database:
        for chunk in _chunks(names, 1000):
            with database.begin(write=True) as transaction:
                for name in chunk:
                    content = Path(root, name).read_bytes()
                    transaction.put(name.encode(), content)
    return target


def _chunks(names: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]
