"""Pictures of images with their predicted labels."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from mmpretrain.structures import DataSample
from mmpretrain.visualization import UniversalVisualizer

SHORTEST_SIDE = 320  # pixels that the text needs


def save_label_pictures(
    images: Iterable[np.ndarray | None],
    samples: Sequence[DataSample],
    classes: Sequence[str],
    folder: str | os.PathLike,
) -> None:
    """Save images with their labels and scores written on them, as PNG.

    Files are named as the images, with the position added where two have the
    same name, and those without ``img_path`` by their position.

    Args:
        images (Iterable[np.ndarray | None]): BGR, (H, W, 3) uint8; None is
            skipped. Taken one by one.
        samples (Sequence[DataSample]): Their predictions, with the meta
            ``img_path``.
        classes (Sequence[str]): Class names.
        folder (str | PathLike): Made if need be.

    Raises:
        ValueError: If images come from ``folder``, where a picture could
            overwrite one.
    """
    folder = Path(folder)
    paths = [sample.img_path for sample in samples]
    if folder.resolve() in {Path(p).resolve().parent for p in paths if p}:
        raise ValueError(
            f'{str(folder)!r} holds inputs, which the pictures could '
            'overwrite: name another folder.'
        )
    visualizer = UniversalVisualizer()
    names = set()
    for i, (image, sample) in enumerate(zip(images, samples, strict=True)):
        if image is None:
            continue
        name = Path(paths[i]).stem if paths[i] else str(i)
        name = f'{name}_{i}' if name in names else name
        names.add(name)
        visualizer.visualize_cls(
            image[..., ::-1],
            sample,
            classes,
            resize=max(min(image.shape[:2]), SHORTEST_SIDE),
            draw_gt=False,
            out_file=str(folder / f'{name}.png'),
        )
