"""Label embeddings, and a graph of which labels occur together."""

import os
from collections.abc import Sequence

import numpy as np
import torch
from mmengine.logging import print_log
from mmpretrain.registry import DATASETS, MODELS
from torch import Tensor

from mmsrdl.datasets.label_counting import count_cooccurrence, find_sources
from mmsrdl.main_rank import on_main_rank
from mmsrdl.structures import LabelCooccurrence

from .label_graph_neck import LabelGraphNeck


@MODELS.register_module()
class CooccurrenceNeck(LabelGraphNeck):
    """Adds label embeddings and a fixed graph of labels to the features.

    The graph comes from the images of the training split that show two
    labels together. It is a buffer: it does not train, is saved with the
    weights, and zero until :meth:`init_weights` or a checkpoint gives it.
    Here its edges are P(j|i), as SSGRL has them; for others override
    :meth:`make_adjacency`.

    Args:
        num_classes (int): Number of labels C.
        classes (str | Sequence[str]): Label names, or the name of a set in
            :mod:`mmsrdl.datasets.label_sets`.
        cooccurrence (str | dict): Path of an ``.npz`` file of
            tools/dataset_converters/label_cooccurrence.py; or the config of
            the data set whose labels to count, that of training; a
            ``LabelCheckHook`` refuses another. Read by :meth:`init_weights`,
            and aligned to ``classes`` by name.
        embed_dims (int): As of :class:`LabelGraphNeck`. Defaults to 300.
        label_embedding (str, optional): The same. Defaults to None.
        pool_stride (int): The same. Defaults to 1.
        init_cfg (dict, optional): Initialisation. Defaults to None.

    Raises:
        ValueError: If ``cooccurrence`` or ``classes`` is missing, or the
            latter are not ``num_classes`` many.
    """

    def __init__(
        self,
        num_classes: int,
        classes: str | Sequence[str] | None = None,
        cooccurrence: str | dict | None = None,
        embed_dims: int = 300,
        label_embedding: str | None = None,
        pool_stride: int = 1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            num_classes,
            classes,
            embed_dims,
            num_layers=0,
            label_embedding=label_embedding,
            pool_stride=pool_stride,
            init_cfg=init_cfg,
        )
        if not isinstance(cooccurrence, str | os.PathLike | dict):
            raise ValueError(
                f'{type(self).__name__} needs to know which labels occur '
                'together: give as `cooccurrence` a file that '
                'tools/dataset_converters/label_cooccurrence.py wrote, or '
                'the config of the training data set, to count them; got '
                f'{cooccurrence!r}.'
            )
        if self.classes is None:
            raise ValueError(
                'Co-occurrence is aligned by name: give the label names as '
                "`classes`, a list or a label set like 'voc'."
            )
        self.cooccurrence = cooccurrence
        self.counted_from: dict[str, int] | None = None
        adjacency = torch.zeros(num_classes, num_classes)
        self.register_buffer('adjacency', adjacency)

    def init_weights(self) -> None:
        """Read the label embedding, and read or count the co-occurrence.

        Raises:
            FileNotFoundError: If a file does not exist.
            ValueError: If a file is of another kind, or lacks a class, or
                the data set is for testing.
            RuntimeError: If rank 0 failed with one of these.
        """
        super().init_weights()
        statistics = self.load_cooccurrence().align(self.classes)
        unseen = int((statistics.counts.diagonal() == 0).sum())
        source = statistics.source or 'of no named source'
        print_log(
            f'{type(self).__name__}: knows the labels of '
            f'{statistics.num_images} images ({source}); '
            f'{unseen} of {self.num_classes} classes are in none of them.',
            logger='current',
        )
        adjacency = self.make_adjacency(statistics)
        self.adjacency.copy_(torch.from_numpy(adjacency))

    def load_cooccurrence(self) -> LabelCooccurrence:
        """Read the file, or count over the data set, on rank 0 for all.

        ``counted_from`` becomes what :func:`find_sources` says of the data
        set; it stays None with a file.
        """
        statistics, self.counted_from = on_main_rank(self._load_or_count)
        return statistics

    def _load_or_count(
        self,
    ) -> tuple[LabelCooccurrence, dict[str, int] | None]:
        if not isinstance(self.cooccurrence, dict):
            return LabelCooccurrence.load(self.cooccurrence), None
        dataset = DATASETS.build(self.cooccurrence)
        return count_cooccurrence(dataset), find_sources(dataset)

    def make_adjacency(self, statistics: LabelCooccurrence) -> np.ndarray:
        """Edges of the graph, float, (C, C).

        Args:
            statistics (LabelCooccurrence): Counts of ``self.classes``, in
                this order.

        Returns:
            np.ndarray: P(j|i) in row i and column j, 1 on the diagonal; 0 in
            row and column of a class that no image shows.
        """
        return statistics.conditional()

    def forward(
        self, feats: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Add label embeddings and graph to the last feature map.

        Args:
            feats (tuple[Tensor]): Feature maps of the backbone; the last is
                F, (B, D, h, w).

        Returns:
            tuple[Tensor, Tensor, Tensor]: F, average-pooled by
            ``pool_stride``; embeddings, (C, E); adjacency, (C, C).
        """
        return *super().forward(feats), self.adjacency
