"""Images in tar files, as a file backend of MMEngine."""

import glob
import os
import tarfile
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from mmengine.fileio import BaseStorageBackend, register_backend

_ENTRY = np.dtype(
    [('key', 'u8'), ('shard', 'u4'), ('start', 'u8'), ('size', 'u8')]
)


@register_backend('tar')
class TarBackend(BaseStorageBackend):
    """Reads the members of uncompressed tar files, by name.

    ``dict(type='LoadImageFromFile', backend_args=dict(backend='tar',
    shards='data/images-*.tar'))`` reads images from them. The files are
    indexed when first asked, 28 bytes for each member; forked workers share
    the index.

    Args:
        shards (str | Sequence[str]): Paths of the tar files, or patterns
            such as ``'data/images-*.tar'``.
    """

    def __init__(self, shards: str | Sequence[str]) -> None:
        self.shards = [shards] if isinstance(shards, str) else list(shards)
        self._paths = None

    def get(self, filepath: str | os.PathLike) -> bytes:
        """Read a member.

        Raises:
            FileNotFoundError: If there is no such member or no tar file.
            OSError: If the file ends within the member.
            ValueError: If a file is not an uncompressed tar file, or two
                members have the same name.
        """
        entry = self._find(filepath)
        if entry is None:
            raise FileNotFoundError(
                f'{self.shards} have no member {str(filepath)!r}.'
            )
        path, size = self._paths[entry['shard']], int(entry['size'])
        with open(path, 'rb') as shard:
            shard.seek(int(entry['start']))
            content = shard.read(size)
        if len(content) < size:
            raise OSError(f'{path!r} ends within {str(filepath)!r}.')
        return content

    def get_text(
        self, filepath: str | os.PathLike, encoding: str = 'utf-8'
    ) -> str:
        """Read a member as text."""
        return self.get(filepath).decode(encoding)

    def isfile(self, filepath: str | os.PathLike) -> bool:
        """Whether there is such a member."""
        return self._find(filepath) is not None

    def _find(self, filepath: str | os.PathLike) -> np.void | None:
        if self._paths is None:
            self._index()
        key = _key(os.fspath(filepath))
        place = np.searchsorted(self._keys, np.uint64(key))
        if place < len(self._keys) and self._keys[place] == key:
            return self._entries[place]
        return None

    def _index(self) -> None:
        paths = []
        for pattern in self.shards:
            paths += sorted(glob.glob(pattern)) or [pattern]
        names, entries = [], []
        for shard, path in enumerate(paths):
            for member in _iterate_members(path):
                names.append(member.name)
                entries.append(
                    (_key(member.name), shard, member.offset_data, member.size)
                )
        table = np.array(entries, _ENTRY)
        order = np.argsort(table['key'], kind='stable')
        self._entries = table[order]
        self._keys = self._entries['key'].copy()
        same = np.flatnonzero(self._keys[1:] == self._keys[:-1])
        if same.size:
            name = names[order[same[0]]]
            raise ValueError(
                f'{len(same)} members of {self.shards} have the name of '
                f'another one, first {name!r}.'
            )
        self._paths = paths


def _key(name: str) -> int:
    """64 bits of a hash: two of a million names clash once in 10^7 times."""
    name = os.path.normpath(name).encode('utf-8', 'surrogateescape')
    return int.from_bytes(blake2b(name, digest_size=8).digest(), 'little')


def _iterate_members(path: str):
    """Yield the files in a tar file, without keeping them."""
    try:
        with tarfile.open(path, 'r:') as shard:
            for member in shard:
                if member.isfile():
                    yield member
                shard.members = []
    except tarfile.ReadError as error:
        raise ValueError(
            f'{path!r} is not an uncompressed tar file: {error}.'
        ) from error
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'There is no tar file {path!r}, which the backend_args of '
            'LoadImageFromFile name.'
        ) from error
