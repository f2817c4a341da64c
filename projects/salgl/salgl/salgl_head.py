"""Head of SALGL: labels that exchange messages as their scene suggests."""

from typing import NamedTuple

import torch
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmsrdl.models.heads.multi_label_targets import masked_mean, stack_targets
from mmsrdl.models.layers import GatedGraph, SemanticDecoupling

from .scene_entropy import batch_entropy_gap, image_entropy
from .scene_memory import SceneMemory


class SceneAttention(NamedTuple):
    """What SALGL sees in images.

    Attributes:
        logits (Tensor): Scores before the sigmoid, (B, C).
        features (Tensor): Features of the labels after the graph, (B, C, D).
        spatial (Tensor): Attention of the labels, (B, C, h, w), each map of
            sum 1.
        scenes (Tensor): Probabilities of the scenes, (B, S).
    """

    logits: Tensor
    features: Tensor
    spatial: Tensor
    scenes: Tensor


@MODELS.register_module()
class SALGLHead(MultiLabelClsHead):
    """Scene-aware label graph (SALGL, ICCV 2023).

    The positions of the feature map pass a Transformer encoder layer. Their
    mean tells the scene; attention of the labels to the positions gives the
    features of the labels, which exchange messages over a gated graph. Its
    edges are the co-occurrence of labels in that scene, counted during
    training.

    Args:
        num_classes (int): Labels C.
        in_channels (int): Channels D of the feature map.
        embed_dims (int): Width E of the label embeddings. Defaults to 300.
        num_scenes (int): Scenes S. Defaults to 6.
        assignment (str): ``'hard'``, an image is of its most probable scene;
            or ``'soft'``, of each to its probability. Defaults to
            ``'hard'``.
        hidden_channels (int): Width of the products of labels and positions.
            Defaults to 1024.
        num_heads (int): Heads of the encoder layer. Defaults to 8.
        feedforward_channels (int): Hidden width of the encoder layer.
            Defaults to 2048.
        dropout (float): Dropout of the encoder layer. Defaults to 0.1.
        num_steps (int): Rounds of messages. Defaults to 3.
        ignore_self (bool): See :class:`SceneMemory`. Defaults to False.
        normalize (bool): See :class:`SceneMemory`. Defaults to True.
        image_entropy_weight (float): Weight of the loss that makes scenes
            certain. Defaults to 1.
        batch_entropy_weight (float): Weight of the loss that makes scenes
            equally frequent. Defaults to 100.
        loss (dict): Loss of the labels. Defaults to the published one, an
            asymmetric loss of weight 1000.
        thr (float, optional): Score from which a label is predicted.
            Defaults to None: 0.5 unless ``topk`` is given.
        topk (int, optional): Number of labels predicted instead. Defaults to
            None.
        init_cfg (dict, optional): Initialisation. Defaults to None.

    Raises:
        ValueError: If the assignment is unknown, or there is no scene.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        embed_dims: int = 300,
        num_scenes: int = 6,
        assignment: str = 'hard',
        hidden_channels: int = 1024,
        num_heads: int = 8,
        feedforward_channels: int = 2048,
        dropout: float = 0.1,
        num_steps: int = 3,
        ignore_self: bool = False,
        normalize: bool = True,
        image_entropy_weight: float = 1.0,
        batch_entropy_weight: float = 100.0,
        loss: dict = dict(  # noqa: B006
            type='AsymmetricLoss',
            gamma_pos=0.0,
            gamma_neg=2.0,
            clip=0.0,
            eps=1e-5,
            loss_weight=1000.0,
        ),
        thr: float | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(loss=loss, thr=thr, topk=topk, init_cfg=init_cfg)
        if assignment not in ('hard', 'soft') or num_scenes < 1:
            raise ValueError(
                "SALGLHead needs assignment 'hard' or 'soft' and num_scenes "
                f'>= 1, got {assignment!r} and {num_scenes}.'
            )
        self.num_classes = num_classes
        self.num_scenes = num_scenes
        self.assignment = assignment
        self.image_entropy_weight = image_entropy_weight
        self.batch_entropy_weight = batch_entropy_weight

        self.encoder = nn.TransformerEncoderLayer(
            in_channels, num_heads, feedforward_channels, dropout
        )
        self.scene = nn.Linear(in_channels, num_scenes, bias=False)
        self.memory = SceneMemory(
            num_scenes, num_classes, ignore_self, normalize
        )
        self.decoupling = SemanticDecoupling(
            in_channels, embed_dims, hidden_channels
        )
        self.graph = GatedGraph(in_channels, num_steps=num_steps)
        self.classifier = nn.Linear(in_channels, num_classes)

    def attend(self, feats: tuple[Tensor, Tensor]) -> SceneAttention:
        """Find the scene, attend to each label and pass messages.

        Args:
            feats (tuple[Tensor, Tensor]): Feature map, (B, D, h, w), and
                label embeddings, (C, E), of a ``LabelGraphNeck`` with
                ``num_layers=0``.

        Returns:
            SceneAttention: Logits, features, attention and scenes.

        Raises:
            ValueError: If there are no label embeddings of that width.
        """
        tokens = self._encode(feats[0])
        return self._attend(feats, tokens, self._detect(tokens))

    def _encode(self, feature: Tensor) -> Tensor:
        """Positions in the context of each other, (B, P, D)."""
        # Positions first: so PyTorch takes no path that ONNX does not know.
        tokens = self.encoder(feature.flatten(2).permute(2, 0, 1))
        return tokens.transpose(0, 1).contiguous()

    def _detect(self, tokens: Tensor) -> Tensor:
        """Probabilities of the scenes, (B, S), in float32 at least."""
        logits = self.scene(tokens.mean(1))
        dtype = torch.promote_types(logits.dtype, torch.float32)
        return logits.softmax(1, dtype=dtype)

    def assign(self, scenes: Tensor) -> Tensor:
        """Shares of the scenes in images, of their probabilities, (B, S)."""
        if self.assignment == 'soft':
            return scenes
        best = scenes.argmax(1)
        return nn.functional.one_hot(best, self.num_scenes).to(scenes)

    def _attend(
        self, feats: tuple[Tensor, Tensor], tokens: Tensor, scenes: Tensor
    ) -> SceneAttention:
        nodes, attention = self.decoupling(tokens, *feats[1:2])
        features = self.graph(nodes, self.memory(self.assign(scenes)))
        weight, bias = self.classifier.weight, self.classifier.bias
        return SceneAttention(
            (features * weight).sum(-1) + bias,
            features,
            attention.unflatten(2, feats[0].shape[2:]),
            scenes,
        )

    def pre_logits(self, feats: tuple[Tensor, Tensor]) -> Tensor:
        """Features of the labels after the graph, (B, C, D)."""
        return self.attend(feats).features

    def forward(self, feats: tuple[Tensor, Tensor]) -> Tensor:
        """Logits, (B, C). See :meth:`attend`."""
        return self.attend(feats).logits

    def loss(
        self,
        feats: tuple[Tensor, Tensor],
        data_samples: list[DataSample],
        **kwargs,
    ) -> dict[str, Tensor]:
        """Training losses; in training the memory counts the labels first.

        Args:
            feats (tuple[Tensor, Tensor]): As for :meth:`attend`.
            data_samples (list[DataSample]): Each with ``gt_score`` (C,), of
                which -1 means unknown, or ``gt_label``.
            **kwargs: For the loss module.

        Returns:
            dict[str, Tensor]: ``loss`` of the labels, mean over those that
            are known, ``loss_image_entropy`` and ``loss_batch_entropy``.
        """
        tokens = self._encode(feats[0])
        scenes = self._detect(tokens)
        like = scenes.new_empty(len(scenes), self.num_classes)
        target = stack_targets(data_samples, like)
        if self.training:
            self.memory.update(target, self.assign(scenes))
        logits = self._attend(feats, tokens, scenes).logits
        return dict(
            loss=masked_mean(self.loss_module, logits, target, **kwargs),
            loss_image_entropy=self.image_entropy_weight
            * image_entropy(scenes),
            loss_batch_entropy=self.batch_entropy_weight
            * batch_entropy_gap(scenes),
        )
