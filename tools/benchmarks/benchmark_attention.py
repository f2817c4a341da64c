"""Compare implementations of SRDL's head, from features to logits or loss.

One run times a forward pass in inference and a training step, with erasing
on, forward and backward, in turns; and measures the memory that each takes
beyond weights and features, on a CPU in a fresh process for each.
"""

import argparse
import statistics
from dataclasses import asdict, replace
from functools import partial

import torch
from _head_steps import (
    HeadSteps,
    Sizes,
    add_size_arguments,
    get_sizes,
    list_available,
    measure_memory,
)
from _kernel_rates import measure_kernels
from _measure import median_ratio, run_apart, time_in_turns
from _report import (
    describe_machine,
    print_machine,
    print_table,
    write_json,
)

REFERENCE = 'reference'


def parse_args() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_size_arguments(parser)
    parser.add_argument(
        '--batch-size',
        type=int,
        nargs='+',
        help='images in inference, and in training if it differs; 1 4 by '
        'default',
        default=[1, 4],
    )
    parser.add_argument(
        '--impl',
        nargs='+',
        help=f'implementations beside {REFERENCE}; all that the device runs '
        'by default',
    )
    parser.add_argument(
        '--repeat', type=int, default=7, help='turns; 7 by default'
    )
    parser.add_argument('--json', help='write the results to this file')
    args = parser.parse_args()
    if min(*args.batch_size, args.repeat) < 1:
        parser.error('--batch-size and --repeat start from 1')
    if len(args.batch_size) > 2:
        parser.error('--batch-size takes one or two numbers')
    return parser, args


def get_names(
    parser: argparse.ArgumentParser, args: argparse.Namespace
) -> list[str]:
    """Return the names of what to measure, the reference first."""
    available = list_available(args.device)
    names = args.impl or available
    unknown = [name for name in names if name not in available]
    if unknown:
        parser.error(
            f'{", ".join(unknown)}: not on {args.device}, which runs '
            f'{", ".join(available)}'
        )
    return list(dict.fromkeys([REFERENCE, *names]))


def measure_differences(
    sizes: Sizes, training: bool, names: list[str]
) -> dict[str, float]:
    """Compare logits or gradients with those of the reference.

    Gradients by one image and, but for autocast, in float64: where two
    positions nearly share a maximum, rounding sends its gradient to another.

    Returns:
        dict[str, float]: By implementation, max |a - b| / max |reference| of
        the tensor where that is largest.
    """
    if training:
        exact = {'float32': 'float64'}.get(sizes.dtype, sizes.dtype)
        sizes = replace(sizes, batch=1, dtype=exact)
    steps = HeadSteps(sizes, training)
    reference = steps.results(REFERENCE)
    differences = {}
    for name in names:
        results = steps.results(name).items()
        differences[name] = max(
            ((b - reference[key]).abs().max() / reference[key].abs().max())
            .nan_to_num()  # where all is 0
            .item()
            for key, b in results
        )
    return differences


def measure(
    sizes: Sizes, training: bool, names: list[str], repeat: int
) -> list[dict]:
    """Return a row per implementation."""
    differences = measure_differences(sizes, training, names)
    memory = {
        name: run_apart(sizes.device, measure_memory, sizes, training, name)
        for name in names
    }
    case = HeadSteps(sizes, training)
    steps = {name: partial(case.run, name) for name in names}
    seconds = time_in_turns(steps, repeat, case.device)
    rows = []
    for name in names:
        share = memory[name] and memory[name] / memory[REFERENCE]
        rows.append(
            {
                'step': 'training' if training else 'inference',
                'batch': sizes.batch,
                'implementation': name,
                'ms': 1e3 * statistics.median(seconds[name]),
                'ms, least': 1e3 * min(seconds[name]),
                'times faster': median_ratio(
                    seconds[REFERENCE], seconds[name]
                ),
                'MiB': memory[name],
                'share of memory': share,
                'difference': differences[name],
            }
        )
    return rows


def main() -> None:
    """Print the tables."""
    parser, args = parse_args()
    sizes = get_sizes(parser, args)
    names = get_names(parser, args)
    inference = replace(sizes, batch=args.batch_size[0])
    training = replace(sizes, batch=args.batch_size[-1])
    machine = describe_machine()
    print_machine(machine)
    rows = measure(inference, False, names, args.repeat)
    rows += measure(training, True, names, args.repeat)
    title = (
        f'Head, C {sizes.num_classes}, D {sizes.channels}, '
        f'{sizes.side} x {sizes.side} positions, {sizes.dtype}, '
        f'{sizes.device}, {torch.get_num_threads()} threads, medians of '
        f'{args.repeat} turns'
    )
    print_table(title, rows)
    kernels = measure_kernels(inference, names, args.repeat)
    if training != inference:
        kernels += measure_kernels(training, names, args.repeat)
    print_table('Its two functions, in inference', kernels)
    if args.json:
        content = {
            'sizes': asdict(sizes),
            'repetitions': args.repeat,
            'machine': machine,
            'head': rows,
            'kernels': kernels,
        }
        write_json(args.json, content)


if __name__ == '__main__':
    main()
