"""What a step computes stays on its device: a copy would wait for it."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from projects.acfs.acfs.consistency import scale_distance
from projects.dsdl.dsdl.semantic_dictionary import ridge_projection

DEVICE = 'meta'
"""It computes nothing, and takes a copy as a GPU does."""


class OnDevice(TorchDispatchMode):
    """Refuses results on another device."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        for each in found if isinstance(found, tuple) else (found,):
            assert each.device.type == DEVICE, f'{func} on {each.device}'
        return found


def draw(*shape):
    return torch.empty(shape, device=DEVICE, requires_grad=True)


@pytest.mark.parametrize(
    'compute',
    [
        lambda: ridge_projection(draw(5, 12), 0.1),
        lambda: scale_distance(draw(4, 3, 9, 9), draw(4, 3, 8, 8)),
    ],
    ids=['dsdl', 'acfs'],
)
def test_nothing_is_computed_on_the_host(compute):
    with OnDevice():
        compute().sum().backward()


def test_a_copy_is_noticed():
    with OnDevice(), pytest.raises(AssertionError, match='on cpu'):
        torch.eye(3).to(DEVICE)
