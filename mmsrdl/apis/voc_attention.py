"""Where a model with category attention looks on images in VOC layout."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import mmcv
import numpy as np
import torch
from mmengine.model import BaseModel
from mmpretrain.structures import DataSample
from torch import Tensor
from torch.utils.data import DataLoader

from mmsrdl.datasets import load_voc_boxes
from mmsrdl.evaluation import pointing_game
from mmsrdl.models.layers import CategoryAttention
from mmsrdl.visualization import draw_attention


@torch.no_grad()
def iterate_attention(
    model: BaseModel, loader: DataLoader
) -> Iterator[tuple[list[DataSample], CategoryAttention]]:
    """Attend to the images of a data loader.

    Args:
        model (BaseModel): An ``ImageClassifier`` with a head that attends,
            in evaluation mode.
        loader (DataLoader): Batches of a test pipeline.

    Yields:
        tuple: The data samples and the attention of a batch.
    """
    for batch in loader:
        batch = model.data_preprocessor(batch)
        yield (
            batch['data_samples'],
            model.head.attend(model.extract_feat(batch['inputs'])),
        )


def play_voc_pointing_game(
    model: BaseModel, loader: DataLoader
) -> tuple[int, int]:
    """Play the pointing game for the correctly predicted labels of a set.

    Args:
        model (BaseModel): As for :func:`iterate_attention`; a label is
            predicted from the ``thr`` of the head on.
        loader (DataLoader): Of images in VOC layout whose test pipeline
            leaves an image whole.

    Returns:
        tuple[int, int]: Hits and correctly predicted labels, see
        :func:`~mmsrdl.evaluation.pointing_game`.
    """
    classes = loader.dataset.metainfo['classes']
    hits = total = 0
    for samples, attention in iterate_attention(model, loader):
        boxes = [read_boxes(sample.img_path, classes) for sample in samples]
        predicted = attention.logits.sigmoid() >= model.head.thr
        result = pointing_game(attention.spatial, predicted, boxes)
        hits, total = hits + result[0], total + result[1]
    return hits, total


def read_boxes(img_path: str, classes: tuple[str, ...]) -> dict[int, Tensor]:
    """Read the boxes of an image in VOC layout, by class.

    Args:
        img_path (str): ``ROOT/JPEGImages/NAME.jpg``.
        classes (tuple[str, ...]): Class names.

    Returns:
        dict[int, Tensor]: Boxes (M, 4) in shares of the image's size for
        each class that it shows.
    """
    path = Path(img_path)
    xml = path.parents[1] / 'Annotations' / f'{path.stem}.xml'
    objects = load_voc_boxes(xml, classes)
    return {
        int(label): torch.from_numpy(objects.boxes[objects.labels == label])
        for label in np.unique(objects.labels)
    }


def draw_erased_attention(
    model: BaseModel, loader: DataLoader, folder: str | Path, count: int
) -> None:
    """Draw the attention to the best labels, and what training would erase.

    Args:
        model (BaseModel): As for :func:`iterate_attention`, its head with
            ``erasing``.
        loader (DataLoader): Images to draw.
        folder (str | Path): Gets ``NAME.png`` for the image ``NAME``.
        count (int): Number of images.
    """
    classes = loader.dataset.metainfo['classes']
    erasing = model.head.erasing
    Path(folder).mkdir(parents=True, exist_ok=True)
    images = (
        (sample.img_path, logits.sigmoid(), spatial)
        for samples, attention in iterate_attention(model, loader)
        for sample, logits, spatial in zip(
            samples, attention.logits, attention.spatial, strict=True
        )
    )
    for path, scores, spatial in islice(images, count):
        # The labels that ObjectErasing takes, in its order.
        scores, labels = scores.sort(descending=True, stable=True)
        labels = labels[: erasing.topk]
        maps = spatial[labels]
        titles = [
            f'{classes[label]} {score:.2f}'
            for label, score in zip(labels, scores.tolist(), strict=False)
        ]
        figure = draw_attention(
            mmcv.imread(path, channel_order='rgb'),
            maps,
            titles,
            erasing.locate(maps),
        )
        figure.savefig(Path(folder) / f'{Path(path).stem}.png')
