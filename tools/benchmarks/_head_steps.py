"""Steps of SRDL's head on random features, for the benchmarks."""

import argparse
from dataclasses import dataclass, replace

import torch
from _measure import PeakMemory
from mmpretrain.structures import DataSample
from torch import Tensor

from mmsrdl.models.heads import CARHead
from mmsrdl.models.layers import IMPLEMENTATIONS, find_implementation

STRIDE = 32  # pixels of an image per position of the feature map
DTYPES = ('float32', 'float64', 'bfloat16', 'float16')


@dataclass(frozen=True)
class Sizes:
    """What the cost of the head depends on; by default as on COCO."""

    batch: int = 1
    num_classes: int = 80
    channels: int = 2048
    resolution: int = 448
    dtype: str = 'float32'
    device: str = 'cpu'

    @property
    def side(self) -> int:
        """Positions along a side of the feature map."""
        return self.resolution // STRIDE


def add_size_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that :func:`get_sizes` reads."""
    parser.add_argument('--device', default='cpu', help='cpu by default')
    parser.add_argument(
        '--num-classes', type=int, default=80, help='C, 80 by default'
    )
    parser.add_argument(
        '--channels', type=int, default=2048, help='D, 2048 by default'
    )
    parser.add_argument(
        '--resolution',
        type=int,
        default=448,
        help=f'side of the image in pixels, {STRIDE} per position; '
        '448 by default',
    )
    parser.add_argument(
        '--dtype',
        choices=DTYPES,
        default='float32',
        help='bfloat16 and float16: under autocast; float32 by default',
    )


def get_sizes(
    parser: argparse.ArgumentParser, args: argparse.Namespace
) -> Sizes:
    """Return the sizes that the user asks for, of a batch of one image."""
    sizes = Sizes(
        num_classes=args.num_classes,
        channels=args.channels,
        resolution=args.resolution,
        dtype=args.dtype,
        device=args.device,
    )
    if min(sizes.num_classes, sizes.channels, sizes.side) < 1:
        parser.error(
            '--num-classes and --channels start from 1, '
            f'--resolution from {STRIDE}'
        )
    check_device(parser, args.device)
    return sizes


def check_device(parser: argparse.ArgumentParser, name: str) -> None:
    """Refuse a device that is not there."""
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        parser.error(f'--device {name}: {error}')


def list_available(device: str) -> list[str]:
    """Return the implementations that run on a device, the reference first."""
    names = []
    for name in IMPLEMENTATIONS:
        try:
            find_implementation(name, torch.device(device))
        except RuntimeError:
            continue
        names.append(name)
    return names


class HeadSteps:
    """A head with random weights, and steps of it by implementation.

    Args:
        sizes (Sizes): Of head and features.
        training (bool): Whether the steps train, with erasing on, or infer.
    """

    def __init__(self, sizes: Sizes, training: bool) -> None:
        torch.manual_seed(0)
        self.sizes = sizes
        self.training = training
        self.device = torch.device(sizes.device)
        dtype = getattr(torch, sizes.dtype)
        # Under autocast weights stay float32, and a backbone gives less.
        self.autocast = dtype.itemsize < 4
        weights = torch.float32 if self.autocast else dtype
        self.head = CARHead(
            sizes.num_classes, sizes.channels, erasing=dict(topk=3, alpha=0.5)
        )
        self.head.to(self.device, weights).train(training)
        shape = (sizes.batch, sizes.channels, sizes.side, sizes.side)
        self.feature = torch.rand(shape).to(self.device, dtype)
        # Labels that attend to different places, as trained ones do.
        self.labels = torch.randn(sizes.num_classes, 300)
        self.labels = self.labels.to(self.device, weights)
        for tensor in (self.feature, self.labels):
            tensor.requires_grad_(training)
        scores = (torch.rand(sizes.batch, sizes.num_classes) < 0.04).float()
        self.samples = [DataSample().set_gt_score(row) for row in scores]
        self.samples = [sample.to(self.device) for sample in self.samples]

    def run(self, implementation: str) -> Tensor | None:
        """Take a step: the logits, or the gradients that it sets."""
        self.head.attention_impl = implementation
        feats = (self.feature, self.labels)
        autocast = torch.autocast(
            self.device.type,
            # Switched off it refuses, in PyTorch 2.1, what it can't do.
            getattr(torch, self.sizes.dtype) if self.autocast else None,
            enabled=self.autocast,
        )
        if not self.training:
            with torch.no_grad(), autocast:
                return self.head(feats)
        for tensor in self._differentiated().values():
            tensor.grad = None
        with autocast:
            losses = self.head.loss(feats, self.samples)
        sum(losses.values()).backward()
        return None

    def results(self, implementation: str) -> dict[str, Tensor]:
        """Take a step and return all that comes out of it, by name."""
        logits = self.run(implementation)
        if not self.training:
            return dict(logits=logits.double())
        tensors = self._differentiated().items()
        return {name: tensor.grad.double() for name, tensor in tensors}

    def _differentiated(self) -> dict[str, Tensor]:
        inputs = dict(feature=self.feature, labels=self.labels)
        return inputs | dict(self.head.named_parameters())


def warm_up(sizes: Sizes, training: bool, implementation: str) -> None:
    """Load the code and make the threads that a step needs."""
    small = replace(sizes, batch=1, resolution=STRIDE)
    HeadSteps(small, training).run(implementation)


def measure_memory(
    sizes: Sizes, training: bool, implementation: str
) -> float | None:
    """MiB that a step takes beyond weights and features; see run_apart."""
    warm_up(sizes, training, implementation)
    steps = HeadSteps(sizes, training)
    memory = PeakMemory(steps.device)
    steps.run(implementation)
    return memory.read()
