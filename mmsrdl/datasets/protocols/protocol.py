"""What the ``.yml`` files beside this one say, and checks against it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mmengine.fileio import load
from mmengine.logging import print_log

from mmsrdl.datasets.label_sets import get_classes
from mmsrdl.structures.class_names import describe_unknown

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Protocol:
    """On which images, and how, published results were measured.

    Attributes:
        name (str): Name of the file, such as ``'coco14'``.
        title (str): The data set.
        splits (Mapping[str, int]): Number of images of each split.
        ap (str): Form of the average precision: ``'area'`` or
            ``'interpolated'``.
        classes (str, optional): Name of the label set, for its order. None
            if the names come with the data.
        filter_empty (bool): Whether images without a label are left out.
        difficult (Mapping[str, str]): What labels that occur only as
            difficult are in training (``train``), for AP (``ap``) and for P,
            R and F1 (``f1``). Empty if there are no such labels.
        papers (tuple[str, ...]): Papers or their code that use it.
        notes (str): What else one must know.
    """

    name: str
    title: str
    splits: Mapping[str, int]
    ap: str
    classes: str | None = None
    filter_empty: bool = False
    difficult: Mapping[str, str] | None = None
    papers: tuple[str, ...] = ()
    notes: str = ''

    @property
    def summary(self) -> str:
        """The protocol in one line."""
        parts = [
            ', '.join(f'{n} {count:,}' for n, count in self.splits.items()),
            'without' if self.filter_empty else 'with',
        ]
        parts[-1] += ' images that show no class'
        if self.difficult:
            parts.append(
                'difficult labels {train} in training, {ap} for AP, {f1} for '
                'P/R/F1'.format(**self.difficult)
            )
        parts.append(f'AP {self.ap}')
        users = f'; as {", ".join(self.papers)}' if self.papers else ''
        return f'{self.name} ({self.title}): {"; ".join(parts)}{users}'

    def differences(self, ap: str, difficult: Mapping[str, str]) -> list[str]:
        """Tell where the settings of a metric are not those of the protocol.

        Args:
            ap (str): Its form of AP.
            difficult (Mapping[str, str]): Its policies, ``ap`` and ``f1``.

        Returns:
            list[str]: For example ``['AP area, not interpolated']``.
        """
        found = [] if ap == self.ap else [f'AP {ap}, not {self.ap}']
        for key, what in (('ap', 'AP'), ('f1', 'P/R/F1')):
            if self.difficult and difficult[key] != self.difficult[key]:
                found.append(
                    f'difficult labels {difficult[key]}, not '
                    f'{self.difficult[key]}, for {what}'
                )
        return found

    def describe(self, ap: str, difficult: Mapping[str, str]) -> str:
        """The summary, and what is different in a metric; see there."""
        found = self.differences(ap, difficult)
        return self.summary + (f'. HERE {"; ".join(found)}' if found else '')


def list_protocols() -> list[str]:
    """The names that :func:`load_protocol` knows, sorted."""
    return sorted(path.stem for path in FOLDER.glob('*.yml'))


@cache
def load_protocol(name: str) -> Protocol:
    """Read a protocol.

    Args:
        name (str): Such as ``'coco14'``; :func:`list_protocols` has all.

    Returns:
        Protocol: Its content.

    Raises:
        ValueError: If there is none of that name.
    """
    known = list_protocols()
    if name not in known:
        raise ValueError(
            f'There is no protocol {describe_unknown([str(name)], known)}; '
            f'known are {", ".join(known)}.'
        )
    content = load(FOLDER / f'{name}.yml')
    content['papers'] = tuple(content.get('papers', ()))
    return Protocol(name=name, **content)


def follow_protocol(
    metainfo: dict,
    name: str | None,
    split: str,
    num_images: int,
    difficult: str | None = None,
) -> None:
    """Check a data set against a protocol, and note the protocol.

    Where classes, counts or policy are others, a warning says so. With other
    classes the protocol is not noted, since none of it holds.

    Args:
        metainfo (dict): Of the data set: ``classes``, and maybe ``protocol``
            and ``split`` (from a file). ``protocol`` is set, or removed, and
            ``split`` removed.
        name (str | None): The protocol asked for, before that of the file.
        split (str): Split, if ``metainfo`` does not name it.
        num_images (int): Number of images listed.
        difficult (str, optional): What difficult labels are, if the data set
            is for training and has a say in it.

    Raises:
        ValueError: If there is no such protocol.
    """
    of_file = metainfo.pop('protocol', None)
    name = name or of_file
    if name is None:
        return
    protocol = load_protocol(str(name))
    split = metainfo.pop('split', split)
    where = f'{protocol.title} {split}'
    if protocol.classes is not None:
        expected = get_classes(protocol.classes)
        if tuple(metainfo['classes']) != expected:
            _warn(
                f'{where}: the classes, or their order, are not those of '
                f'protocol {name!r} (label set {protocol.classes!r}, '
                f'{len(expected)} classes): results do not compare with the '
                'literature.'
            )
            return
    metainfo['protocol'] = name
    policy = (protocol.difficult or {}).get('train')
    if None not in (policy, difficult) and policy != difficult:
        _warn(
            f'{where}: protocol {name!r} trains with difficult={policy!r}, '
            f'this data set with {difficult!r}.'
        )
    if split not in protocol.splits:
        _warn(
            f'{where}: protocol {name!r} has no such split, but '
            f'{", ".join(protocol.splits)}: the number of images is not '
            'checked.'
        )
    elif num_images != protocol.splits[split]:
        _warn(
            f'{where} lists {num_images:,} images where '
            f'{protocol.splits[split]:,} are published: results do not '
            'compare with the literature exactly.'
        )


def _warn(message: str) -> None:
    print_log(message, 'current', logging.WARNING)
