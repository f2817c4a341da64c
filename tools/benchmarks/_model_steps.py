"""Whole models with random weights, and steps of them, for the benchmark."""

from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from _measure import PeakMemory
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.optim import build_optim_wrapper
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmsrdl.models.heads import MultiLabelLinearHead

CONFIGS = Path(__file__).parents[2] / 'configs/srdl'
BASELINE = 'gmp'
FILES = dict(
    gmp='ablations/gmp_r101_coco.py',
    gap='ablations/gap_r101_coco.py',
    srdl='srdl_r101_coco.py',
)
HEADS = dict(
    csra=dict(type='CSRAClsHead', num_heads=1, lam=0.1),
    decoder=dict(type='DecoderHead'),
)
NAMES = (*FILES, *HEADS)
MODES = ('eager', 'compile', 'cudagraph')


def add_model_sizes(parser: ArgumentParser) -> None:
    """Add the options of which size the models and their images are."""
    parser.add_argument(
        '--depth',
        type=int,
        choices=(18, 34, 50, 101),
        default=101,
        help='of the ResNet; 101 by default',
    )
    parser.add_argument(
        '--resolution',
        type=int,
        default=448,
        help='side of the images in pixels; 448 by default',
    )


@MODELS.register_module()
class DecoderHead(MultiLabelLinearHead):
    """A transformer with a query per label, of the sizes of Query2Label.

    For time and memory alone: one encoder and two decoder layers, 4 heads, a
    width of ``in_channels`` and a feed-forward width of four times that; no
    position encoding.
    """

    def __init__(self, num_classes: int, in_channels: int, **kwargs) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        sizes = dict(
            d_model=in_channels,
            nhead=4,
            dim_feedforward=4 * in_channels,
            batch_first=True,
        )
        self.project = nn.Conv2d(in_channels, in_channels, 1)
        self.queries = nn.Parameter(torch.randn(num_classes, in_channels))
        self.encoder = nn.TransformerEncoderLayer(**sizes)
        self.decoder = nn.TransformerDecoder(
            nn.TransformerDecoderLayer(**sizes), num_layers=2
        )

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Logits, (B, C), of the last feature map, (B, D, h, w)."""
        positions = self.project(feats[-1]).flatten(2).transpose(1, 2)
        queries = self.queries.expand(len(positions), -1, -1)
        features = self.decoder(queries, self.encoder(positions))
        return (features * self.fc.weight).sum(-1) + self.fc.bias


@dataclass(frozen=True)
class Setting:
    """How all models of a run work."""

    depth: int = 101
    resolution: int = 448
    mode: str = 'eager'
    amp: str | None = None
    channels_last: bool = False
    device: str = 'cpu'


def get_config(name: str, depth: int) -> Config:
    """Return the config of a model, which loads no weights.

    Args:
        name (str): One of :data:`NAMES`, or the path of a config, which has a
            depth of its own.
        depth (int): Of the ResNet.
    """
    if name.endswith('.py'):
        cfg = Config.fromfile(name)
        cfg.model.backbone.init_cfg = None
        return cfg
    cfg = Config.fromfile(CONFIGS / FILES.get(name, FILES['gap']))
    model = cfg.model
    model.backbone.update(depth=depth, init_cfg=None)
    model.head.in_channels = 512 if depth < 50 else 2048
    if name in HEADS:
        sizes = {
            key: model.head[key] for key in ('num_classes', 'in_channels')
        }
        model.update(neck=None, head={**HEADS[name], **sizes})
    return cfg


class ModelSteps:
    """A model, and steps of it on random images.

    Args:
        name (str): One of :data:`NAMES`, or the path of a config.
        setting (Setting): How it works.
        training (bool): Whether the steps train, with the config's frozen
            stages, optimizer and erasing, or infer.
        batch (int): Images in a step.
    """

    def __init__(
        self, name: str, setting: Setting, training: bool, batch: int
    ) -> None:
        torch.manual_seed(0)
        self.setting = setting
        self.device = torch.device(setting.device)
        cfg = get_config(name, setting.depth)
        self.model: BaseModel = MODELS.build(cfg.model)
        for key, buffer in self.model.named_buffers():
            if key.endswith('label_embedding'):
                buffer.normal_()  # the config reads a file of word vectors
        self.model.to(self.device).train(training)
        side = setting.resolution
        self.images = torch.randn(batch, 3, side, side, device=self.device)
        if setting.channels_last:
            self.model.to(memory_format=torch.channels_last)
            self.images = self.images.to(memory_format=torch.channels_last)
        labels = torch.arange(3)  # COCO has 2.9 on an image
        boxes = np.array([[0.1, 0.2, 0.4, 0.9]] * 3, np.float32) * side
        self.samples = [
            DataSample(
                metainfo=dict(img_shape=(side, side)),
                gt_bboxes=boxes,  # some methods learn from them
                gt_bboxes_difficult=np.zeros(3, bool),
            )
            .set_gt_label(labels)
            .to(self.device)
            for _ in range(batch)
        ]
        if setting.mode == 'compile':  # as `compile=True` in a config does
            self.model.forward = torch.compile(self.model.forward)
        if training:
            wrapper = cfg.optim_wrapper.copy()
            if setting.amp and self.device.type == 'cuda':
                wrapper.update(type='AmpOptimWrapper', dtype=setting.amp)
            self.optimizer = build_optim_wrapper(self.model, wrapper)
            self.run: Callable[[], object] = self._train
        elif setting.mode == 'cudagraph':
            self.run = self._capture()
        else:
            self.run = self._infer

    def _autocast(self) -> torch.autocast:
        dtype = self.setting.amp and getattr(torch, self.setting.amp)
        return torch.autocast(
            self.device.type, dtype, enabled=dtype is not None
        )

    def _infer(self) -> Tensor:
        with torch.no_grad(), self._autocast():
            return self.model(self.images)

    def _train(self) -> None:
        with self._autocast():
            losses = self.model(self.images, self.samples, mode='loss')
        loss, _ = self.model.parse_losses(losses)
        self.optimizer.update_params(loss)

    def _capture(self) -> Callable[[], None]:
        """Record a step as a CUDA graph, which then plays it."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self._infer()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.logits = self._infer()
        return graph.replay


def count_parameters(name: str, setting: Setting) -> tuple[float, float]:
    """Return how many million parameters a model has, and trains."""
    model = MODELS.build(get_config(name, setting.depth).model).train()
    counts = [(p.numel() / 1e6, p.requires_grad) for p in model.parameters()]
    return sum(n for n, _ in counts), sum(n for n, trains in counts if trains)


def measure_memory(
    name: str, setting: Setting, training: bool, batch: int
) -> float | None:
    """MiB of a model that takes steps, weights included; see run_apart."""
    small = replace(setting, resolution=64)
    with suppress(ValueError):  # of a model that takes one size alone
        ModelSteps(name, small, training, 2).run()  # loads code
    memory = PeakMemory(torch.device(setting.device))
    steps = ModelSteps(name, setting, training, batch)
    for _ in range(2):  # the first one makes the state of the optimizer
        steps.run()
    return memory.read()
