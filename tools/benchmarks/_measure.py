"""Time in turns, and peak memory, of steps of PyTorch on any device."""

import ctypes
import gc
import math
import multiprocessing
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from _process_memory import read_fields

STATUS, STATM = Path('/proc/self/status'), Path('/proc/self/statm')
SECONDS = 0.1  # a shorter step is repeated for as long and averaged
MIB = 2**20


def synchronize(device: torch.device) -> None:
    """Wait for what the device has to do."""
    if device.type == 'cuda':
        torch.cuda.synchronize(device)


def time_in_turns(
    steps: dict[str, Callable[[], object]], repeat: int, device: torch.device
) -> dict[str, list[float]]:
    """Time steps in turns, so that what slows the machine hits all alike.

    Args:
        steps (dict[str, Callable]): What to time, by name.
        repeat (int): Number of turns.
        device (torch.device): Where the steps work.

    Returns:
        dict[str, list[float]]: Seconds of each turn, by name.
    """

    def time_calls(step: Callable, calls: int) -> float:
        synchronize(device)
        start = time.perf_counter()
        for _ in range(calls):
            step()
        synchronize(device)
        return (time.perf_counter() - start) / calls

    calls = {}
    for name, step in steps.items():
        time_calls(step, 2)  # compiles, tunes and fills caches
        calls[name] = math.ceil(SECONDS / time_calls(step, 1))
    seconds = {name: [] for name in steps}
    for _ in range(repeat):
        for name, step in steps.items():
            seconds[name].append(time_calls(step, calls[name]))
    return seconds


def median_ratio(above: list[float], below: list[float]) -> float:
    """Median over turns of the ratio within a turn."""
    ratios = [a / b for a, b in zip(above, below, strict=True)]
    return statistics.median(ratios)


class PeakMemory:
    """The most memory in use, beyond that in use at the start.

    On CUDA what PyTorch allocated. Elsewhere the pages of this process, as
    the kernel of Linux counts them: in a fresh process only
    (:func:`run_apart`), as an allocator keeps what was freed.

    Args:
        device (torch.device): Whose memory.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.reset()
        self.start = self._read('VmRSS', torch.cuda.memory_allocated)

    def reset(self) -> None:
        """Forget the peak so far."""
        gc.collect()
        if self.device.type == 'cuda':
            synchronize(self.device)
            torch.cuda.reset_peak_memory_stats(self.device)
        elif STATUS.is_file():
            # Hand freed memory back, as it would hide what a step takes.
            trim = getattr(ctypes.CDLL(None), 'malloc_trim', lambda _: None)
            trim(0)
            Path('/proc/self/clear_refs').write_text('5')

    def read(self) -> float | None:
        """Return the peak in MiB, or None where it is not known."""
        peak = self._read('VmHWM', torch.cuda.max_memory_allocated)
        return None if peak is None else (peak - self.start) / MIB

    def _read(self, field: str, count: Callable) -> int | None:
        if self.device.type == 'cuda':
            synchronize(self.device)
            return count(self.device)
        return read_fields(STATUS)[field] if STATUS.is_file() else None


def run_apart(device: str, function: Callable, *args):
    """Return what a function that uses :class:`PeakMemory` returns.

    On a CPU in a new process; a GPU tells what each tensor takes.

    Args:
        device (str): Where the function works.
        function (Callable): A function of a module.
        *args: Its arguments.
    """
    if torch.device(device).type == 'cuda':
        return function(*args)
    # Its server imports what takes long once, and computes nothing.
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['mmsrdl'])
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *args).result()


def limit_memory(gib: float, device: torch.device) -> None:
    """Let this process take no more memory than so much beyond what it has.

    An allocation beyond raises an error that names memory.
    """
    size = int(gib * 2**30)
    if device.type == 'cuda':
        total = torch.cuda.get_device_properties(device).total_memory
        fraction = (torch.cuda.memory_reserved(device) + size) / total
        torch.cuda.set_per_process_memory_fraction(min(1, fraction), device)
    elif STATM.is_file():
        import resource

        taken = int(STATM.read_text().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (taken + size, hard))
