"""What a conversion made, in figures."""

from collections import Counter

import numpy as np

from mmsrdl.datasets.protocols import load_protocol

from .labelled_images import LabelledImages


def report(images: LabelledImages, shown: int = 10) -> str:
    """Count images, labels and classes, and compare with what is published.

    Args:
        images (LabelledImages): A conversion.
        shown (int): How many of the most and of the least frequent classes
            to list. Defaults to 10.

    Returns:
        str: Several lines.
    """
    lines = [
        f'{len(images.data_list):,} images, {len(images.classes)} classes'
    ]
    labels = [e['gt_label'] for e in images.data_list if 'gt_label' in e]
    bare = len(images.data_list) - len(labels)
    if bare:
        lines.append(f'{bare:,} images have no labels: for prediction only')
    if labels:
        counts = np.array([len(set(row)) for row in labels])
        lines.append(
            f'{counts.sum():,} labels, {counts.mean():.2f} an image '
            f'({counts.min()} to {counts.max()}); '
            f'{(counts == 0).sum():,} images show no class'
        )
        hard = sum(
            len(e.get('gt_label_difficult', ())) for e in images.data_list
        )
        if hard:
            lines.append(f'{hard:,} more labels occur only as difficult')
    if images.protocol:
        lines += _compare(images)
    if images.skipped:
        reasons = Counter(why for _, why in images.skipped)
        lines.append(
            f'{len(images.skipped):,} skipped: '
            + ', '.join(f'{n:,} {why}' for why, n in reasons.most_common())
        )
    lines += [f'Note: {note}' for note in images.notes]
    if not images.protocol and len(images.classes) <= shown * 10:
        lines.append(f'In the config: classes = {list(images.classes)}')
    if labels:
        lines += ['', *_frequencies(images.classes, labels, shown)]
    return '\n'.join(lines)


def _compare(images: LabelledImages) -> list[str]:
    protocol = load_protocol(images.protocol)
    published = protocol.splits.get(images.split)
    if published is None:
        return [f'protocol {protocol.name} has no count for {images.split!r}']
    same = published == len(images.data_list)
    return [
        f'published ({protocol.name}, {images.split}): {published:,} images, '
        + ('as here' if same else 'NOT AS HERE'),
        *(
            [f'protocol {protocol.summary}', protocol.notes]
            if not same
            else []
        ),
    ]


def _frequencies(
    classes: tuple[str, ...], labels: list[list[int]], shown: int
) -> list[str]:
    """Two columns: the most and the least frequent classes."""
    counts = Counter(label for row in labels for label in set(row))
    order = sorted(range(len(classes)), key=lambda i: (-counts[i], i))
    if len(order) <= 2 * shown:
        shown = len(order)
    width = max(len(classes[i]) for i in order)

    def cell(index: int) -> str:
        count = counts[index]
        share = 100 * count / len(labels)
        return f'{classes[index]:{width}} {count:9,} {share:5.1f} %'

    lines = ['most frequent' if shown < len(order) else 'images of each class']
    for most, least in zip(order[:shown], order[::-1], strict=False):
        right = f'    {cell(least)}' if shown < len(order) else ''
        lines.append(cell(most) + right)
    if shown < len(order):
        lines[0] = f'{lines[0]:{len(cell(order[0]))}}    least frequent'
    absent = [classes[i] for i in order if not counts[i]]
    if absent:
        lines.append(f'no image shows {", ".join(absent)}')
    return lines
