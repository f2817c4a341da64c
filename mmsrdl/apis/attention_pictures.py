"""Pictures of the labels that a model sees in an image, and where."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from mmsrdl.models.layers import ObjectErasing
from mmsrdl.visualization import (
    ModelAttention,
    compare_attention,
    draw_attention,
)

from .image_attention import ImageAttention


def draw_top_labels(
    attention: ImageAttention,
    classes: Sequence[str],
    topk: int,
    erasing: ObjectErasing | None = None,
    truth: Sequence[int] | None = None,
    title: str = 'image',
) -> Figure:
    """Draw where a model looks for the labels that score highest.

    Args:
        attention (ImageAttention): To the image.
        classes (Sequence[str]): C class names.
        topk (int): Number of labels, at least 1.
        erasing (ObjectErasing, optional): Of the model's head, to outline
            what training would erase. Defaults to None.
        truth (Sequence[int], optional): The labels that the image shows, to
            mark right and wrong ones. Defaults to None.
        title (str): Title of the image. Defaults to ``'image'``.

    Returns:
        Figure: To be saved by its ``savefig``.
    """
    labels = _rank(attention.scores)[:topk]
    marks = [''] * len(labels)
    if truth is not None:
        # A space that does not break keeps the mark with the score.
        marks = [
            '\u00a0✓' if label in set(truth) else '\u00a0✗'
            for label in labels.tolist()
        ]
    titles = [
        f'{classes[label]} {score:.2f}{mark}'
        for label, score, mark in zip(
            labels, attention.scores[labels], marks, strict=True
        )
    ]
    return draw_attention(
        attention.image,
        attention.spatial[labels],
        titles,
        None if erasing is None else _erased(attention, erasing)[labels],
        title,
    )


def compare_top_labels(
    attentions: Mapping[str, ImageAttention],
    classes: Sequence[str],
    topk: int,
    erasing: Mapping[str, ObjectErasing] | None = None,
    title: str = 'image',
) -> Figure:
    """Draw where several models look for the labels that score highest.

    Args:
        attentions (Mapping[str, ImageAttention]): Of each model by its name,
            to the same part of the same image.
        classes (Sequence[str]): C class names.
        topk (int): Number of labels, those that any model scores highest.
        erasing (Mapping[str, ObjectErasing], optional): Of the heads of
            models. Defaults to None.
        title (str): Title of the image. Defaults to ``'image'``.

    Returns:
        Figure: To be saved by its ``savefig``.

    Raises:
        ValueError: If the models see different parts of the image.
    """
    images = [attention.image for attention in attentions.values()]
    if len({image.shape for image in images}) > 1:
        raise ValueError(
            'The models see different parts of the image: their test '
            'pipelines crop it differently.'
        )
    scores = torch.stack([a.scores for a in attentions.values()])
    labels = _rank(scores.amax(0))[:topk]
    models = [
        ModelAttention(
            name,
            attention.spatial[labels],
            attention.scores[labels].tolist(),
            _erased(attention, erasing[name])[labels]
            if erasing and name in erasing
            else None,
        )
        for name, attention in attentions.items()
    ]
    return compare_attention(
        images[0], models, [classes[label] for label in labels], title
    )


def _rank(scores: Tensor) -> Tensor:
    """Labels from the highest score to the lowest, as heads erase them."""
    return scores.argsort(descending=True, stable=True)


def _erased(attention: ImageAttention, erasing: ObjectErasing) -> Tensor:
    """What training would erase of each label, (C, 4); mostly nothing."""
    boxes = torch.zeros(len(attention.scores), 4, dtype=torch.long)
    labels = _rank(attention.scores)[: erasing.topk]
    boxes[labels] = erasing.locate(attention.spatial[labels])
    return boxes
