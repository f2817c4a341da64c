"""What PyTorch does with the code: run it, compile it or export it."""

import functools
from collections.abc import Callable

import torch

# The public name of the same function came with torch 2.3.
is_compiling = getattr(torch.compiler, 'is_compiling', None) or (
    torch._dynamo.is_compiling
)
_is_torch_export = getattr(torch.compiler, 'is_exporting', lambda: False)


def is_exporting() -> bool:
    """Whether a graph for another runtime is being made.

    Such a graph knows neither our kernels nor writes into given memory.
    """
    return torch.jit.is_tracing() or _is_torch_export()


def opaque(
    function: Callable, name: str, signature: str, fake: Callable
) -> Callable:
    """Make a function one node of what ``torch.compile`` sees.

    It would unroll a loop over categories, and cannot look into the launch of
    a kernel. Before torch 2.4 the function stays as it is.

    Args:
        function (Callable): Of tensors to new tensors.
        name (str): Of the operator, in the namespace ``mmsrdl``.
        signature (str): ``'(Tensor x) -> Tensor'``.
        fake (Callable): The function for tensors that have no values.

    Returns:
        Callable: To be called in place of the function.
    """
    if not hasattr(torch.library, 'custom_op'):
        return function
    operator = torch.library.custom_op(
        f'mmsrdl::{name}', function, mutates_args=(), schema=signature
    )
    operator.register_fake(fake)

    @functools.wraps(function)
    def call(*tensors):
        if is_compiling() and not is_exporting():
            return operator(*tensors)
        return function(*tensors)

    return call
