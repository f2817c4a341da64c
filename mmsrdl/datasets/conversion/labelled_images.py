"""What every converter makes, and the file that it becomes."""

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from mmsrdl.structures.class_names import check_class_names

from .progress import progress

MISSING = ('error', 'drop', 'keep')
"""What to do with images that are not there."""


@dataclass
class LabelledImages:
    """Images and their labels, on the way to a ``MultiLabelJson`` file.

    Attributes:
        classes (tuple[str, ...]): C class names.
        data_list (list[dict]): ``img_path``, and maybe ``gt_label`` and
            ``gt_label_difficult``, of each image.
        protocol (str, optional): Protocol that the images should fit.
        split (str, optional): Which of its splits they are.
        skipped (list[tuple[str, str]]): What was left out, and why.
        notes (list[str]): What the user should know of the conversion.

    Raises:
        TypeError: If the class names are not strings.
        ValueError: If there is no class, or an image or class comes twice.
    """

    classes: tuple[str, ...]
    data_list: list[dict]
    protocol: str | None = None
    split: str | None = None
    skipped: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Check class names and paths."""
        self.classes = check_class_names(tuple(self.classes), 'The classes')
        paths = Counter(entry['img_path'] for entry in self.data_list)
        twice = [path for path, count in paths.items() if count > 1]
        if twice:
            raise ValueError(
                f'{len(twice)} images are listed more than once, first '
                f'{twice[0]!r}: it is not clear which labels are right.'
            )

    def check_images(self, folder: str | Path, missing: str = 'error') -> None:
        """Look whether the images exist; URLs are not looked at.

        Args:
            folder (str | Path): What relative paths are relative to.
            missing (str): Whether missing images are an ``'error'``, or to
                ``'drop'`` (they become :attr:`skipped`) or to ``'keep'``.
                Defaults to ``'error'``.

        Raises:
            FileNotFoundError: If there is no such folder, or an image is
                missing and shall not be.
            ValueError: If ``missing`` is none of these.
        """
        if missing not in MISSING:
            raise ValueError(
                f'missing must be one of {MISSING}, not {missing!r}.'
            )
        folder = Path(folder).expanduser()
        if not folder.is_dir():
            raise FileNotFoundError(
                f'There is no image folder {str(folder)!r}.'
            )
        gone = {
            entry['img_path']
            for entry in progress(self.data_list, 'Looking for images')
            if '://' not in entry['img_path']
            and not (folder / entry['img_path']).is_file()
        }
        if not gone:
            return
        text = (
            f'{len(gone):,} of {len(self.data_list):,} images are missing in '
            f'{str(folder)!r}'
        )
        if missing == 'keep':
            self.notes.append(f'{text}; they are kept, and will not load.')
        elif missing == 'drop':
            self.skipped += [(path, 'image missing') for path in sorted(gone)]
            self.data_list = [
                entry
                for entry in self.data_list
                if entry['img_path'] not in gone
            ]
        else:
            raise FileNotFoundError(
                f'{text}, first {min(gone)!r}. Drop them with missing='
                "'drop' (--missing drop), which lists them, or keep them with "
                "'keep'."
            )

    def drop_unlabelled(self) -> None:
        """Leave out images that show no class; they become skipped."""
        self.skipped += [
            (entry['img_path'], 'shows no class')
            for entry in self.data_list
            if not entry['gt_label']
        ]
        self.data_list = [e for e in self.data_list if e['gt_label']]

    def split_off(
        self, share: float, seed: int = 0
    ) -> tuple['LabelledImages', 'LabelledImages']:
        """Draw images for validation.

        Args:
            share (float): Share of the images to draw, between 0 and 1.
            seed (int): Of the random numbers. Defaults to 0.

        Returns:
            tuple[LabelledImages, LabelledImages]: The rest, with what was
            skipped; and those drawn.

        Raises:
            ValueError: If that leaves one of the two without images.
        """
        total = len(self.data_list)
        count = round(share * total)
        if not 0 < count < total:
            raise ValueError(
                f'A share of {share} of {total} images leaves nothing to '
                'train on, or nothing for validation.'
            )
        drawn = set(np.random.default_rng(seed).permutation(total)[:count])
        rest, held = [], []
        for index, entry in enumerate(self.data_list):
            (held if index in drawn else rest).append(entry)
        return (
            replace(self, data_list=rest),
            replace(self, data_list=held, skipped=[], notes=[]),
        )

    def write(self, out: str | Path) -> Path | None:
        """Write the JSON, one image a line, and the list of the skipped.

        Args:
            out (str | Path): The JSON; the list is ``{out}.skipped.txt``,
                and is removed if nothing was skipped.

        Returns:
            Path | None: The list, if anything was skipped.

        Raises:
            ValueError: If no image is left.
        """
        if not self.data_list:
            raise ValueError(
                f'No image is left to write; {len(self.skipped):,} were '
                f'skipped, first {self.skipped[:1]}.'
            )
        out = Path(out).expanduser()
        out.parent.mkdir(parents=True, exist_ok=True)
        metainfo = {'classes': list(self.classes)}
        if self.protocol:
            metainfo.update(protocol=self.protocol, split=self.split)
        if any('gt_label_difficult' in entry for entry in self.data_list):
            metainfo['has_difficult'] = True
        start = f'{{"metainfo": {_dump(metainfo)},\n"data_list": [\n'
        lines = ',\n'.join(map(_dump, self.data_list))
        out.write_text(f'{start}{lines}\n]}}\n', encoding='utf-8')
        listed = out.with_name(f'{out.name}.skipped.txt')
        if not self.skipped:
            listed.unlink(missing_ok=True)
            return None
        listed.write_text(
            ''.join(f'{what}\t{why}\n' for what, why in self.skipped),
            encoding='utf-8',
        )
        return listed


def _dump(value: dict) -> str:
    return json.dumps(value, ensure_ascii=False)
