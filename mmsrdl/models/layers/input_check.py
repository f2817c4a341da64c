"""Refuse inputs of other shapes than those that a module takes."""

from collections.abc import Sequence

from torch import Tensor, nn


def check_inputs(
    module: nn.Module,
    inputs: Sequence[Tensor | None],
    shapes: Sequence[tuple[int | str, ...]],
    advice: str,
) -> None:
    """Refuse what a neck or backbone that does not fit gives.

    Args:
        module (nn.Module): What takes the inputs.
        inputs (Sequence[Tensor | None]): What it is given; None is missing.
        shapes (Sequence[tuple[int | str, ...]]): One of each input: sizes,
            and letters for axes of any size.
        advice (str): A sentence on what to do.

    Raises:
        ValueError: If there are more or fewer inputs, or their axes or sizes
            differ.
    """
    found = [tuple(x.shape) for x in inputs if x is not None]
    fits = [_fits(x, shape) for x, shape in zip(found, shapes)]  # noqa: B905
    if len(found) == len(shapes) and all(fits):
        return
    raise ValueError(
        f'{type(module).__name__} takes {_list(shapes)}, but got '
        f'{_list(found)}. {advice}'
    )


def _fits(found: tuple[int, ...], shape: tuple[int | str, ...]) -> bool:
    sizes = zip(found, shape)  # noqa: B905, which torch 2.1 can't compile
    return len(found) == len(shape) and all(
        [isinstance(size, str) or size == actual for actual, size in sizes]
    )


def _list(shapes: Sequence[tuple[int | str, ...]]) -> str:
    texts = [f'({", ".join(map(str, shape))})' for shape in shapes]
    return ' and '.join(texts) or 'none'
