"""Kernels of category attention for CPUs, compiled by Numba.

The functions of :mod:`.category_loops`, by :mod:`.numba_kernels`.
"""

import os
import threading
import warnings
from importlib.util import find_spec

import torch
from torch import Tensor

from .category_operators import like_gradients, like_logits, like_maxima

NEEDS = (
    'a CPU, the package numba, and a process that was not forked from one '
    'that had used it'
)

numba = None
if find_spec('numba'):
    try:
        import numba

        from . import numba_kernels
    except Exception as error:  # made for another NumPy, or for another LLVM
        numba = None
        warnings.warn(
            'Category attention on CPUs takes several times as long, as the '
            f'package numba does not start: {error}',
            stacklevel=2,
        )


class _Pool:
    """What is known of Numba's threads, of which a process has one set."""

    # Some kinds of threads serve one caller at a time.
    lock = threading.Lock()
    is_started = False
    is_lost = False

    @classmethod
    def forget(cls) -> None:
        """In a forked process: threads are not inherited, locks are."""
        cls.lock = threading.Lock()
        cls.is_lost = cls.is_lost or cls.is_started


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_Pool.forget)


def is_available(device: torch.device) -> bool:
    """Whether Numba works, and can serve tensors of a device."""
    return numba is not None and device.type == 'cpu' and not _Pool.is_lost


def _launch(name: str, *tensors: Tensor) -> None:
    """Run a kernel on as many threads as PyTorch uses."""
    threads = torch.get_num_threads()
    arrays = [tensor.detach().numpy() for tensor in tensors]
    with _Pool.lock:
        _Pool.is_started = True
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        getattr(numba_kernels, name)(*arrays)
    # As it starts, Numba sets the number in the OpenMP that both share.
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


def _prepare(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Contiguous tensors of one dtype in which a CPU calculates."""
    dtype = torch.float32
    if any(x.dtype == torch.float64 for x in tensors):
        dtype = torch.float64
    return tuple(x.to(dtype).contiguous() for x in tensors)


def spatial_logits(positions: Tensor, guide: Tensor, weight: Tensor) -> Tensor:
    """⟨v, tanh(a_p ⊙ g_c)⟩, (B, C, P); see the reference."""
    inputs = _prepare(positions, guide, weight)
    logits = like_logits(*inputs)
    _launch('spatial_logits', *inputs, logits)
    return logits.to(positions.dtype)


def spatial_logits_backward(
    grad: Tensor, positions: Tensor, guide: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of positions, guide and weight, given that of the logits."""
    # Categories last, as they are read.
    inputs = _prepare(grad.transpose(1, 2), positions, guide, weight)
    grads = like_gradients(*inputs)
    _launch('spatial_logits_backward', *inputs, *grads)
    return tuple(
        x.to(y.dtype)
        for x, y in zip(grads, (positions, guide, weight), strict=True)
    )


def maxima(feature: Tensor, spatial: Tensor, channel: Tensor) -> Tensor:
    """GMP(F ⊙ (SA_c + CA_c)), (B, C, D)."""
    return maxima_with_index(feature, spatial, channel)[0]


def maxima_with_index(
    feature: Tensor, spatial: Tensor, channel: Tensor
) -> tuple[Tensor, Tensor]:
    """Maxima, and the position of the first of equals, int32, (B, C, D)."""
    like, _ = like_maxima(feature, spatial, channel)
    inputs = _prepare(feature, spatial, channel)
    values, index = like_maxima(*inputs)
    _launch('maxima_with_index', *inputs, values, index)
    return values.to(like), index
