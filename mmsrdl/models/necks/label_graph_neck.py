"""Label graph of SRDL (§3.1, eq. 3): embeddings of labels in context."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from mmsrdl.datasets.label_sets import get_classes
from mmsrdl.structures import LabelEmbedding

from ..layers import NORMALIZATIONS, EvaluationCache, GraphConvolution


@MODELS.register_module()
class LabelGraphNeck(BaseModule):
    """Adds label embeddings, passed through a learned graph, to the features.

    X = A_L with A_0 the label embeddings and
    A_l+1 = LeakyReLU(V̂ A_l W_l), V̂ the normalised learned adjacency V.

    At the start, each pair of layers is close to the identity map, so that
    training begins with distinct labels: a random V averages all embeddings
    into one, and each random W followed by a LeakyReLU raises their cosine
    by about 0.1. Of an odd number of layers, the last LeakyReLU has none to
    undo it and does the same.

    Args:
        num_classes (int): Number of labels C.
        classes (str | Sequence[str], optional): Label names, or the name of
            a set in :mod:`mmsrdl.datasets.label_sets`. Needed to read a
            ``label_embedding`` file. Defaults to None.
        embed_dims (int): Width E of the embeddings. Defaults to 300.
        num_layers (int): Graph convolutions. With 0, X are the embeddings
            themselves and there is no adjacency. Defaults to 2.
        label_embedding (str, optional): Path of an ``.npz`` file, read by
            :meth:`init_weights` and aligned to ``classes`` by name;
            ``'random'``; or None, zeros until a checkpoint is loaded.
            Defaults to None.
        adjacency (str): Start of V, ``'identity_noise'`` or ``'random'``
            (the paper's words). Defaults to ``'identity_noise'``.
        normalization (str): From V to V̂: ``'row'``, |V| over its row sums;
            ``'symmetric'``, D^-½|V|D^-½ with D the row sums; ``'softmax'``
            over the rows; or ``'none'``. Defaults to ``'row'``.
        negative_slope (float): Slope of the LeakyReLU, at least 0. Defaults
            to 0.2.
        pool_stride (int): Average-pools the feature map by this factor, 2
            for the 7×7 maps of the group's other work. Defaults to 1.
        init_cfg (dict, optional): Initialisation. Defaults to None.

    Raises:
        ValueError: For an unknown option, or ``classes`` that are missing or
            not ``num_classes`` many.
    """

    def __init__(
        self,
        num_classes: int,
        classes: str | Sequence[str] | None = None,
        embed_dims: int = 300,
        num_layers: int = 2,
        label_embedding: str | None = None,
        adjacency: str = 'identity_noise',
        normalization: str = 'row',
        negative_slope: float = 0.2,
        pool_stride: int = 1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        _check_choice('adjacency', adjacency, ('identity_noise', 'random'))
        _check_choice('normalization', normalization, tuple(NORMALIZATIONS))
        if num_layers < 0 or pool_stride < 1 or negative_slope < 0:
            raise ValueError(
                'LabelGraphNeck needs num_layers >= 0, pool_stride >= 1 and '
                f'negative_slope >= 0, got {num_layers}, {pool_stride} and '
                f'{negative_slope}.'
            )
        if classes is not None:
            classes = get_classes(classes)
            if len(classes) != num_classes:
                raise ValueError(
                    f'num_classes is {num_classes}, but `classes` names '
                    f'{len(classes)}.'
                )
        elif label_embedding not in (None, 'random'):
            raise ValueError(
                'A label_embedding file is aligned by name: give the label '
                "names as `classes`, a list or a label set like 'voc'."
            )
        self.num_classes = num_classes
        self.classes = classes
        self.label_embedding_source = label_embedding
        self.adjacency_start = adjacency
        self.normalization = normalization
        self.pool_stride = pool_stride

        embedding = torch.zeros(num_classes, embed_dims)
        if label_embedding == 'random':
            names = classes or [f'class {i}' for i in range(num_classes)]
            random = LabelEmbedding.random(names, embed_dims)
            embedding = torch.from_numpy(random.vectors)
        self.register_buffer('label_embedding', embedding)
        if num_layers:
            self.adjacency = nn.Parameter(
                torch.empty(num_classes, num_classes)
            )
        self.layers = nn.ModuleList(
            GraphConvolution(embed_dims, embed_dims, negative_slope)
            for _ in range(num_layers)
        )
        self._cache = EvaluationCache()
        self._start_graph()

    def init_weights(self) -> None:
        """Read the label-embedding file.

        Raises:
            FileNotFoundError: If the file does not exist.
            ValueError: If it is no label-embedding file, lacks a class or
                has vectors of another width.
        """
        super().init_weights()
        path = self.label_embedding_source
        if path in (None, 'random'):
            return
        vectors = LabelEmbedding.load(path).align(self.classes)
        if vectors.shape[1] != self.label_embedding.shape[1]:
            raise ValueError(
                f'The label vectors in {path!r} have {vectors.shape[1]} '
                f'dimensions, but embed_dims is '
                f'{self.label_embedding.shape[1]}.'
            )
        self.label_embedding.copy_(torch.from_numpy(vectors))

    @torch.no_grad()
    def _start_graph(self) -> None:
        if not self.layers:
            return
        if self.adjacency_start == 'random':
            self.adjacency.normal_()
        else:
            # Noise takes a small share of a row, however many labels.
            noise = 0.05 / self.num_classes * torch.randn(self.adjacency.shape)
            start = torch.eye(self.num_classes) + noise
            if self.normalization == 'softmax':
                start = NORMALIZATIONS['row'](start).log().clamp(min=-20)
            self.adjacency.copy_(start)
        # LeakyReLU(-LeakyReLU(x)) = -slope · x: two layers with W = I and
        # W = -I / slope pass on the embeddings, their sign turned. A ReLU,
        # slope 0, cannot be undone.
        for i, layer in enumerate(self.layers):
            undoes = i % 2 and layer.negative_slope > 0
            scale = -1 / layer.negative_slope if undoes else 1
            nn.init.eye_(layer.weight).mul_(scale)

    def label_features(self) -> Tensor:
        """Embed the labels in the context of the graph.

        In float32 whatever autocast says: it is a small sum of small terms.

        Returns:
            Tensor: X, (C, E).
        """
        with torch.autocast(self.label_embedding.device.type, enabled=False):
            if not self.layers:
                return self.label_embedding.clone()
            return self._cache(
                self._propagate,
                self.label_embedding,
                self.adjacency,
                *(layer.weight for layer in self.layers),
            )

    def _propagate(self) -> Tensor:
        adjacency = NORMALIZATIONS[self.normalization](self.adjacency)
        nodes = self.label_embedding
        for layer in self.layers:
            nodes = layer(nodes, adjacency)
        return nodes

    def forward(self, feats: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """Pair the last feature map with the label features.

        Args:
            feats (tuple[Tensor]): Feature maps of the backbone; the last is
                F, (B, D, h, w).

        Returns:
            tuple[Tensor, Tensor]: F, average-pooled by ``pool_stride``, and
            X, (C, E).
        """
        feature = feats[-1]
        if self.pool_stride > 1:
            feature = F.avg_pool2d(feature, self.pool_stride, ceil_mode=True)
        return feature, self.label_features()


def _check_choice(option: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f'{option} must be one of {choices}, got {value!r}.')
