"""The images with which a model has most trouble."""

from pathlib import Path

import cv2
import numpy as np

from mmsrdl.evaluation.calibration import cross_entropy
from mmsrdl.visualization.contact_sheet import SheetImage, plot_contact_sheet

from .analysis import Analysis
from .prediction_dump import PredictionDump

_SIDE = 320  # pixels, longer side of a shown image


def analyse_hardest_images(
    dump: PredictionDump, num_images: int = 24
) -> Analysis:
    """Find the images of the largest loss.

    Args:
        dump (PredictionDump): Of any model.
        num_images (int): How many are shown. Defaults to 24.

    Returns:
        Analysis: A table of all images, the hardest first, and a contact
        sheet.
    """
    targets = dump.known_targets
    losses = cross_entropy(dump.scores, targets).sum(1)
    labels = dump.scores >= dump.thr
    losses, order = losses.sort(descending=True, stable=True)
    kinds = {
        'missed': (targets == 1) & ~labels,
        'false': (targets == 0) & labels,
        'right': (targets == 1) & labels,
    }
    named = {
        kind: _name_labels(dump, where[order].numpy(), order.numpy())
        for kind, where in kinds.items()
    }
    paths = [dump.paths[i] for i in order.tolist()]
    table = {
        'image': paths,
        'loss': losses.tolist(),
        **{
            kind: ['; '.join(row) for row in rows]
            for kind, rows in named.items()
        },
    }
    images = [
        SheetImage(
            Path(path).name or f'image {index}',
            _read_image(path),
            *(named[kind][rank] for kind in kinds),
        )
        for rank, (path, index) in enumerate(
            zip(paths[:num_images], order.tolist(), strict=False)
        )
    ]
    notes = [
        'The images of the largest loss: the cross-entropy of all their '
        'labels, summed. Labels stand with their scores; those of which the '
        'truth is unknown, or difficult and left out, do not count. Many of '
        'them turn out to be labelled wrongly.'
    ]
    missing = sum(image.image is None for image in images)
    if missing:
        notes.append(
            f'{missing} of these {len(images)} images are not at the paths '
            'that the dump has, or cannot be read.'
        )
    return Analysis(
        name='hardest',
        title='Hardest images',
        notes=notes,
        tables={'hardest_images': table},
        figures={'hardest_images': plot_contact_sheet(images)},
        images=images,
    )


def _name_labels(
    dump: PredictionDump, where: np.ndarray, order: np.ndarray
) -> list[list[str]]:
    """Names and scores of the marked labels of each image, highest first."""
    rows = [[] for _ in where]
    images, labels = np.nonzero(where)
    scores = dump.scores.numpy()[order[images], labels]
    for k in np.lexsort((-scores, images)):
        rows[images[k]].append(f'{dump.classes[labels[k]]} {scores[k]:.2f}')
    return rows


def _read_image(path: str) -> np.ndarray | None:
    """Read an image for a small picture; None if it cannot be read."""
    if not Path(path).is_file():
        return None
    # As the model's pipeline does: upright, in 8 bits, whatever the file has.
    try:
        image = cv2.imread(path, cv2.IMREAD_COLOR)
    except cv2.error:  # too large
        return None
    if image is None:
        return None
    scale = min(_SIDE / max(image.shape), 1)
    size = [max(round(scale * side), 1) for side in image.shape[1::-1]]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)[..., ::-1]
