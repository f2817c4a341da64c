"""What every data set here has in common: checks with helpful answers."""

import json
import logging
import os
import os.path as osp
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log
from mmpretrain.datasets import MultiLabelDataset

from mmsrdl.structures.class_names import check_class_names, describe_unknown

from .label_sets import read_classes
from .protocols import follow_protocol


class CheckedDataset(MultiLabelDataset):
    """A multi-label data set that checks what it reads.

    - ``classes`` may be names, the name of a public label set, or a text
      file with one name a line.
    - An image that is missing or cannot be decoded is left out of training
      with a warning that names it. In testing it is an error, since leaving
      it out would change the result.
    - A class that no image shows is reported: often its name is misspelt.

    Subclasses implement ``load_data_list()``, whose entries hold
    ``img_path`` and, unless there are no labels, ``gt_label``.

    Args:
        protocol (str, optional): Name of a protocol, such as ``'coco14'``;
            classes and number of images are checked against it, and the
            metric tells it. By default the one that the annotations name or,
            for public data sets, that fits. Defaults to None.
    """

    def __init__(self, *args, protocol: str | None = None, **kwargs) -> None:
        self.protocol = protocol
        super().__init__(*args, **kwargs)

    @property
    def split_name(self) -> str:
        """The split, as protocols call it: by default the file's name."""
        return Path(self.ann_file).stem

    def _compat_classes(
        self, metainfo: dict | None, classes: str | Sequence[str] | None
    ) -> dict:
        """Resolve and check ``classes``, which upstream takes as given."""
        metainfo = dict(metainfo or {})
        if classes is not None:
            metainfo.setdefault('classes', classes)
        self._classes_given = 'classes' in metainfo
        if self._classes_given:
            metainfo['classes'] = read_classes(metainfo['classes'])
        return metainfo

    def _join_prefix(self) -> None:
        """Resolve ``~`` in ``data_root``, then join the other paths to it."""
        self.data_root = osp.expanduser(self.data_root)
        super()._join_prefix()

    def _load_json(self, **entries: type) -> dict:
        """Read ``ann_file``, an object with entries of the given types.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is not JSON or lacks an entry.
        """
        if not osp.isfile(self.ann_file):
            raise FileNotFoundError(
                f'There is no annotation file {self.ann_file!r}. Check '
                '`data_root` and `ann_file`.'
            )
        try:
            with open(self.ann_file, encoding='utf-8-sig') as file:
                content = json.load(file)
        except ValueError as error:
            raise ValueError(
                f'{self.ann_file!r} is not a JSON file: {error}'
            ) from error
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
                f'{self.ann_file!r} is not the right kind of annotation '
                f'file: it must be an object with {", ".join(expected)}; '
                f'found {sorted(found)}, with {", ".join(wrong)} missing or '
                'of another type.'
            )
        return content

    def _match_classes(self, names: Sequence[str]) -> dict[int, int]:
        """Find the classes of the annotation file by their names.

        Without ``classes`` of the user's, those of the file are taken.

        Args:
            names (Sequence[str]): Class names of the file.

        Returns:
            dict[int, int]: Position in ``names`` to class index. Names that
            the user left out are not in it.

        Raises:
            ValueError: If the file lacks a class of the user's.
        """
        names = check_class_names(names, self.ann_file)
        if not self._classes_given:
            self._metainfo['classes'] = names
        known = set(names)
        unknown = [name for name in self.CLASSES if name not in known]
        if unknown:
            raise ValueError(
                f'{self.ann_file!r} has no class '
                f'{describe_unknown(unknown, names)}. It has: '
                f'{", ".join(names)}.'
            )
        index = self.class_to_idx
        return {i: index[n] for i, n in enumerate(names) if n in index}

    def filter_data(self) -> list[dict]:
        """Leave out missing images, and refuse to go on without any.

        Raises:
            ValueError: If no image is listed.
            FileNotFoundError: If images are missing in testing, or all of
                them are.
        """
        data_list = super().filter_data()
        name = type(self).__name__
        follow_protocol(
            self._metainfo, self.protocol, self.split_name, len(data_list)
        )
        if not data_list:
            details = '\n'.join(self.extra_repr())
            raise ValueError(f'{name} lists no image at all.\n{details}')
        missing = _find_missing(info['img_path'] for info in data_list)
        if missing:
            message = (
                f'{name}: {len(missing)} of {len(data_list)} images are '
                f'missing: {shorten(missing)}.'
            )
            if self.test_mode or len(missing) == len(data_list):
                raise FileNotFoundError(
                    f'{message} Check `data_root` and `data_prefix`.'
                )
            warn(f'{message} They are left out of training.')
            gone = set(missing)
            data_list = [x for x in data_list if x['img_path'] not in gone]
        self._report_absent_classes(data_list)
        return data_list

    def get_gt_labels(self) -> list[np.ndarray]:
        """Get the labels of all images, which upstream takes for one each.

        Returns:
            list[np.ndarray]: Sorted class indices of each image, int64.
        """
        return [
            np.array(self.get_cat_ids(i), np.int64) for i in range(len(self))
        ]

    def _report_absent_classes(self, data_list: list[dict]) -> None:
        if 'gt_label' not in data_list[0]:
            return
        shown = set()
        for info in data_list:
            shown.update(info['gt_label'], info.get('gt_label_difficult', ()))
        absent = [c for i, c in enumerate(self.CLASSES) if i not in shown]
        if absent:
            warn(
                f'{type(self).__name__}: none of the {len(data_list)} images '
                f'shows {shorten(absent)}.'
            )

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline; None asks the caller for another image.

        An exception counts as an unreadable image only if the pipeline has
        not got as far as ``img``: a fault of a later transform is raised.

        Raises:
            OSError: If the image is unreadable, in testing.
        """
        info = self.get_data_info(idx)
        reason = 'the pipeline did not load it'
        data = None
        try:
            data = self.pipeline(info)
        except Exception as error:
            if 'img' in info:
                raise
            reason = f'{type(error).__name__}: {error}'
        if data is None and 'img' not in info:
            message = f'Cannot read the image {info["img_path"]!r} ({reason})'
            if self.test_mode:
                raise OSError(f'{message}. Repair or replace the file.')
            warn(f'{message}; training takes another one instead.')
        return data


def warn(message: str) -> None:
    """Log a warning; MMEngine's logger shows equal ones once a process."""
    print_log(message, 'current', logging.WARNING)


def shorten(names: Sequence[str], limit: int = 10) -> str:
    """Join names, but no more than ``limit``."""
    rest = f' and {len(names) - limit} more' if len(names) > limit else ''
    return ', '.join(names[:limit]) + rest


def _find_missing(paths: Iterable[str]) -> list[str]:
    """Find missing files by listing each folder once; URLs are not checked.

    Raises:
        FileNotFoundError: If a whole folder is missing.
    """
    folders = defaultdict(list)
    for path in paths:
        folder, name = osp.split(path)
        folders[folder].append(name)
    missing = []
    for folder, names in folders.items():
        if '://' in folder:
            continue
        if not osp.isdir(folder or '.'):
            raise FileNotFoundError(
                f'There is no image folder {folder!r}. Check `data_root` and '
                '`data_prefix`.'
            )
        present = set(os.listdir(folder or '.'))
        missing += [osp.join(folder, n) for n in names if n not in present]
    return missing
