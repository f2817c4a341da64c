"""What every data set here has in common: checks with helpful answers."""

import logging
import os.path as osp
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log

from mmsrdl.structures.class_names import check_class_names, describe_unknown

from .compact_dataset import CompactDataset
from .image_files import find_missing, has_folders, image_backend
from .json_files import load_json_object
from .label_sets import read_classes
from .protocols import follow_protocol
from .ragged_table import RaggedTable
from .skipped_images import SkipList


class CheckedDataset(CompactDataset):
    """A multi-label data set that checks what it reads.

    - ``classes`` may be names, the name of a public label set, or a text
      file with one name a line.
    - An image that is missing or cannot be decoded is left out of training
      with a warning that names it. In testing it is an error, since leaving
      it out would change the result.
    - What is left out is listed, with the reason, in
      ``skipped_<split>.txt`` beside the log file of a run.
    - A class that no image shows is reported: often its name is misspelt.

    Images are loaded, and looked for, by the file backend of the pipeline's
    ``LoadImageFromFile``. Keys of a backend without folders (LMDB, tar) are
    paths relative to ``data_root``.

    Subclasses implement ``load_data_list()``; see there.

    Args:
        protocol (str, optional): Name of a protocol, such as ``'coco14'``;
            classes and number of images are checked against it; in testing
            it is in the ``metainfo``, and the metric tells it. By default
            the one that the annotations name or, for public data sets, that
            fits. Defaults to None.
        check_images (bool): Whether to look for all images when the
            annotations are read. Defaults to True.
        skip_file (str, optional): Another file for the list of what is left
            out. Defaults to None.
    """

    def __init__(
        self,
        *args,
        protocol: str | None = None,
        check_images: bool = True,
        skip_file: str | None = None,
        **kwargs,
    ) -> None:
        self.protocol = protocol
        self._check_images = check_images
        self._skipped = SkipList(skip_file)
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
        self._key_prefix = self.img_prefix
        super()._join_prefix()

    def full_init(self) -> None:
        """Read the annotations, unless they have been read."""
        if self._fully_initialized:
            return
        if not has_folders(image_backend(self.pipeline)):
            self.data_prefix['img_path'] = self._key_prefix
        if self._skipped.path is None:
            self._skipped = SkipList.of_run(f'skipped_{self.split_name}.txt')
        super().full_init()

    def _load_json(self, **entries: type) -> dict:
        """Read ``ann_file``, an object with entries of the given types."""
        return load_json_object(self.ann_file, entries)

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

    def filter_data(self) -> RaggedTable:
        """Leave out missing images, and refuse to go on without any.

        Raises:
            ValueError: If no image is listed.
            FileNotFoundError: If images are missing in testing, or all of
                them are.
        """
        table = super().filter_data()
        name = type(self).__name__
        follow_protocol(
            self._metainfo,
            self.protocol,
            self.split_name,
            len(table),
            None if self.test_mode else getattr(self, 'difficult', None),
        )
        if not self.test_mode:
            # For the metric alone; data sets that are joined for training,
            # such as VOC 2007 and 2012, must have the same metainfo.
            self._metainfo.pop('protocol', None)
        if not table:
            details = '\n'.join(self.extra_repr())
            raise ValueError(f'{name} lists no image at all.\n{details}')
        table = self._to_table(table)
        paths = table.texts('img_path')
        self._report_duplicates(paths)
        if self._check_images:
            table = self._leave_out_missing(table, paths)
        self._report_absent_classes(table)
        return table

    def _report_duplicates(self, paths: Sequence[str]) -> None:
        if len(set(paths)) < len(paths):
            seen = set()
            again = [p for p in paths if p in seen or seen.add(p)]
            warn(
                f'{type(self).__name__}: {len(again)} of {len(paths)} entries '
                f'have the image of an earlier one: {shorten(again)}. They '
                'stay, and count twice.'
            )

    def _leave_out_missing(
        self, table: RaggedTable, paths: Sequence[str]
    ) -> RaggedTable:
        paths = self._full_paths(paths)
        backend = image_backend(self.pipeline)
        missing = find_missing(paths, backend)
        name = type(self).__name__
        if missing is None:
            print_log(
                f'{name} does not look for its images: {backend.name} cannot '
                'list them, or is in use.',
                'current',
            )
        if not missing:
            return table
        where = self._skipped.add(dict.fromkeys(missing, 'missing'))
        message = (
            f'{name}: {len(missing)} of {len(paths)} images are missing: '
            f'{shorten(missing)}.{where}'
        )
        if self.test_mode or len(missing) == len(paths):
            raise FileNotFoundError(
                f'{message} Check `data_root` and `data_prefix`.'
            )
        warn(f'{message} They are left out of training.')
        gone = set(missing)
        return table[[i for i, p in enumerate(paths) if p not in gone]]

    def _tell_choice(self, images: Sequence[str], reason: str) -> None:
        """List images that an option leaves out, and log how many."""
        where = self._skipped.add(dict.fromkeys(images, reason))
        if where:
            name = type(self).__name__
            message = f'{name} leaves out {len(images)} images: {reason}.'
            print_log(message + where, 'current')

    def _report_absent_classes(self, table: RaggedTable) -> None:
        if 'gt_label' not in table:
            return
        shown = set()
        for key in ('gt_label', 'gt_label_difficult'):
            if key in table:
                shown.update(np.unique(table.column(key).values).tolist())
        absent = [c for i, c in enumerate(self.CLASSES) if i not in shown]
        if absent:
            warn(
                f'{type(self).__name__}: none of the {len(table)} images '
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
            reason = f'{type(error).__name__}: {" ".join(str(error).split())}'
        if data is None and 'img' not in info:
            message = f'Cannot read the image {info["img_path"]!r} ({reason})'
            if self.test_mode:
                raise OSError(f'{message}. Repair or replace the file.')
            self._skipped.add({info['img_path']: reason})
            warn(f'{message}; training takes another one instead.')
        return data


def warn(message: str) -> None:
    """Log a warning; MMEngine's logger shows equal ones once a process."""
    print_log(message, 'current', logging.WARNING)


def shorten(names: Sequence[str], limit: int = 10) -> str:
    """Join names, but no more than ``limit``."""
    rest = f' and {len(names) - limit} more' if len(names) > limit else ''
    return ', '.join(names[:limit]) + rest
