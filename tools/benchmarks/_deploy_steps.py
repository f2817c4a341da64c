"""A model in several runtimes, for the benchmark of deployment."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from _measure import PeakMemory
from _model_steps import get_config
from mmengine.config import Config
from mmpretrain.apis import get_model
from torch import Tensor

from mmsrdl.deploy import (
    INPUT,
    OUTPUT,
    ExportableModel,
    OnnxRuntimeSession,
    export_onnx,
    load_deployable,
    quantize,
)

RUNTIMES = ('eager', 'compile', 'onnxruntime', 'onnxruntime-int8')
CPU = torch.device('cpu')
BATCH = {INPUT: {0: 'batch'}, OUTPUT: {0: 'batch'}}


@dataclass(frozen=True)
class Source:
    """Where a model comes from.

    Attributes:
        name (str): One of the models of benchmark_model.py, or ``'model'``.
        depth (int): Of their ResNet.
        config (str, optional): Path of the config of ``'model'``.
        checkpoint (str, optional): Path of its checkpoint.
    """

    name: str
    depth: int = 101
    config: str | None = None
    checkpoint: str | None = None


def build(source: Source, side: int) -> ExportableModel:
    """Build a model; random weights give scores all over the range."""
    if source.config is not None:
        cfg = Config.fromfile(source.config)
        return ExportableModel(load_deployable(cfg, source.checkpoint)[0])
    torch.manual_seed(0)
    model = get_model(get_config(source.name, source.depth))
    for key, buffer in model.named_buffers():
        if key.endswith('label_embedding'):
            buffer.normal_()  # the config reads a file of word vectors
    with torch.no_grad():
        logits = model(make_images(2, side))
        weight = dict(model.head.named_parameters())
        for key in ('classifier.weight', 'fc.weight'):
            if key in weight:
                weight[key].mul_(2 / logits.std())
    return ExportableModel(model)


def make_images(batch: int, side: int) -> Tensor:
    """Random images as the graph takes them."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(batch, 3, side, side, generator=generator)


def write_files(
    source: Source, side: int, runtimes: list[str], folder: Path
) -> dict[str, Path]:
    """Export a model for each runtime that reads a file.

    The ranges of 8 bits come from random images: enough for time and memory,
    not for scores.
    """
    files = {
        runtime: folder / f'{source.name}_{runtime}.onnx'
        for runtime in runtimes
        if runtime.startswith('onnxruntime')
    }
    if files:
        graph = export_onnx(build(source, side), make_images(1, side), BATCH)
    for runtime, path in files.items():
        if runtime.endswith('int8'):
            path.write_bytes(
                quantize(graph, make_images(4, side).split(1))
                .SerializeToString()
            )  # fmt: skip
        else:
            path.write_bytes(graph.SerializeToString())
    return files


def make_step(
    source: Source, side: int, batch: int, runtime: str, file: Path | None
) -> Callable[[], Tensor]:
    """Return what scores a batch of random images, (batch, C)."""
    images = make_images(batch, side)
    if file is not None:
        session = OnnxRuntimeSession(file)
        return lambda: session(images)
    model = build(source, side)
    run = torch.compile(model) if runtime == 'compile' else model

    @torch.no_grad()
    def step() -> Tensor:
        return run(images)

    return step


def measure_memory(
    source: Source, side: int, batch: int, runtime: str, file: Path | None
) -> float | None:
    """MiB of a model that scores, weights included; see run_apart."""
    small = 64  # loads code
    if file is None:
        make_step(source, small, 2, runtime, None)()
    else:
        OnnxRuntimeSession(file)
    memory = PeakMemory(CPU)
    step = make_step(source, side, batch, runtime, file)
    for _ in range(2):
        step()
    return memory.read()
