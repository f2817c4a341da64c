"""Speed of the two functions that carry a category and a position at once.

The least time that a CUDA GPU needs is the larger of two, of arithmetic and of
memory traffic in which each input is read and each output written once. A
multiprocessor has 16 special-function lanes, each at best one tanh per clock,
and issues instructions for at most 128 lanes per clock; an element of the
maximum takes three: add, multiply, compare. Clock and bandwidth are the
highest that the driver names. For other devices no bound is stated.
"""

import statistics
from functools import partial

import torch
from _head_steps import Sizes
from _measure import time_in_turns

from mmsrdl.models.layers import IMPLEMENTATIONS

TANH_LANES = 16
ISSUED_LANES = 128
INSTRUCTIONS = 3


def measure_kernels(sizes: Sizes, names: list[str], repeat: int) -> list[dict]:
    """Time both functions without gradients.

    Args:
        sizes (Sizes): Of their inputs.
        names (list[str]): Implementations.
        repeat (int): Number of turns.

    Returns:
        list[dict]: A row per function and implementation.
    """
    device, dtype = torch.device(sizes.device), getattr(torch, sizes.dtype)
    images, categories = sizes.batch, sizes.num_classes
    positions, channels = sizes.side**2, sizes.channels

    def random(*shape: int) -> torch.Tensor:
        return torch.rand(shape).to(device, dtype)

    feature = random(images, positions, channels)
    spatial = random(images, categories, positions)
    channel = random(images, categories, channels)
    guide, weight = random(categories, channels), random(channels)
    inputs = dict(
        spatial_logits=(feature, guide, weight),
        pool=(feature, spatial, channel),
    )
    outputs = dict(spatial_logits=spatial, pool=channel)
    elements = images * categories * positions * channels
    least = _least_seconds(device)

    rows = []
    for kernel, tensors in inputs.items():
        traffic = sum(
            tensor.numel() * tensor.element_size()
            for tensor in (*tensors, outputs[kernel])
        )
        bound = None
        if least is not None:
            bound = max(elements * least[kernel], traffic * least['byte'])
        steps = {
            name: partial(getattr(IMPLEMENTATIONS[name], kernel), *tensors)
            for name in names
        }
        with torch.no_grad():
            seconds = time_in_turns(steps, repeat, device)
        for name in names:
            taken = statistics.median(seconds[name])
            rows.append(
                {
                    'kernel': kernel,
                    'batch': images,
                    'implementation': name,
                    'ms': 1e3 * taken,
                    'G elements/s': elements / taken / 1e9,
                    'GB/s': traffic / taken / 1e9,
                    'bound, ms': None if bound is None else 1e3 * bound,
                    'share of bound': bound and bound / taken,
                }
            )
    return rows


def _least_seconds(device: torch.device) -> dict[str, float] | None:
    """Seconds per element of each function, and per byte; None: unknown."""
    if device.type != 'cuda':
        return None
    gpu = torch.cuda.get_device_properties(device)
    if not hasattr(gpu, 'memory_clock_rate'):  # before torch 2.6
        return None
    clocks = gpu.multi_processor_count * gpu.clock_rate * 1e3
    bits = 2 * gpu.memory_clock_rate * 1e3 * gpu.memory_bus_width
    return dict(
        spatial_logits=1 / (TANH_LANES * clocks),
        pool=INSTRUCTIONS / (ISSUED_LANES * clocks),
        byte=8 / bits,
    )
