"""How well a model locates the labels of a data set with boxes."""

import numpy as np
import torch
from mmengine.model import BaseModel
from torch import Tensor
from torch.utils.data import DataLoader

from mmsrdl.datasets import ImageBoxes
from mmsrdl.evaluation import LocalisedLabels, localise_labels

from .image_attention import split_pipeline
from .label_maps import compute_label_maps
from .progress import show_progress
from .seen_area import SeenArea, find_seen_area


@torch.no_grad()
def localise_dataset(model: BaseModel, loader: DataLoader) -> LocalisedLabels:
    """Measure how well the maps of labels fit the boxes of a data set.

    Takes the labels of each image that an object shows that is neither
    difficult nor a crowd, predicted or not. All boxes of the class count as
    places of it, the difficult and the crowds too. Of an image that the test
    pipeline crops, what is left of the boxes counts.

    Args:
        model (BaseModel): An ``ImageClassifier`` that
            :func:`~mmsrdl.apis.compute_label_maps` takes, in evaluation mode.
        loader (DataLoader): Of a test pipeline that
            :func:`~mmsrdl.apis.find_seen_area` takes, with a data set whose
            ``get_boxes(idx)`` returns
            :class:`~mmsrdl.datasets.ImageBoxes`.

    Returns:
        LocalisedLabels: An entry per image and label. Those that are
        predicted have a ``score`` from the threshold on.

    Raises:
        ValueError: If there are no maps or no boxes, or the pipeline does
            not tell what it shows of which image.
    """
    dataset = loader.dataset
    if not hasattr(dataset, 'get_boxes'):
        raise ValueError(
            f'{type(dataset).__name__} has no boxes. VOCMultiLabel and '
            'CocoMultiLabel have; another data set needs a method '
            'get_boxes(idx) that returns mmsrdl.datasets.ImageBoxes.'
        )
    _, pack = split_pipeline(dataset.pipeline)
    parts = []
    for batch in show_progress(loader, 'Localising', len(loader)):
        batch = model.data_preprocessor(batch)
        maps = compute_label_maps(model, batch['inputs'])
        images, boxes, spatial = [], [], []
        for sample, maps_of_image in zip(
            batch['data_samples'], maps.spatial, strict=True
        ):
            if not {'sample_idx', 'ori_shape'} <= set(sample.metainfo_keys()):
                raise ValueError(
                    'PackInputs must keep which image it is: add '
                    "'sample_idx' and 'ori_shape' to its meta_keys."
                )
            area = find_seen_area(pack, tuple(sample.ori_shape))
            images.append(sample.sample_idx)
            boxes.append(
                _boxes_by_label(dataset.get_boxes(sample.sample_idx), area)
            )
            spatial.append(area.upright(maps_of_image))
        scores = maps.logits.sigmoid()
        parts.append(
            localise_labels(torch.stack(spatial), scores, boxes, images)
        )
    return LocalisedLabels.join(parts)


def _boxes_by_label(objects: ImageBoxes, area: SeenArea) -> dict[int, Tensor]:
    """Boxes in the seen area, of each class with an object to count."""
    found = {}
    for label in np.unique(objects.labels[~objects.difficult]).tolist():
        boxes = torch.from_numpy(objects.boxes[objects.labels == label])
        boxes = area.clip(boxes)
        if len(boxes):
            found[label] = boxes
    return found
