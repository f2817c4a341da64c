"""Ranks of a process group, each in a process of its own, on CPUs."""

import os
from datetime import timedelta

import torch
from torch import distributed, multiprocessing


def run_ranks(work, folder, number=2):
    """Run a function on every rank of a new process group.

    Args:
        work (Callable): Function of a module, which takes ``rank`` and
            ``folder`` and returns what ``torch.save`` can store.
        folder (Path): An empty folder, for what the ranks share and return.
        number (int): Of ranks. Defaults to 2.

    Returns:
        list: What each rank returned, in order.

    Raises:
        torch.multiprocessing.ProcessRaisedException: If one of them raised.
    """
    multiprocessing.spawn(_run, (number, work, folder), nprocs=number)
    return [
        torch.load(folder / f'{rank}.pt', weights_only=False)
        for rank in range(number)
    ]


def _run(rank, number, work, folder):
    torch.set_num_threads(1)
    distributed.init_process_group(
        'gloo',
        init_method=f'file://{folder}/store',
        rank=rank,
        world_size=number,
        timeout=timedelta(minutes=5),
    )
    torch.save(work(rank, folder), folder / f'{rank}.pt')
    distributed.barrier()
    # Destroying the group may never end: PyTorch 2.1 holds the GIL there and
    # waits for a thread that needs it to free the last collective's tensors.
    os._exit(0)
