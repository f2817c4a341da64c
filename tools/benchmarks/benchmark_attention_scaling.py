"""Measure the cost of SRDL's head against labels, resolution and batch.

Each point is measured in inference and in a training step with erasing on,
forward and backward; on a CPU in a fresh process. What does not fit in the
memory limit is left out.
"""

import argparse
import statistics
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from _head_steps import (
    DTYPES,
    STRIDE,
    HeadSteps,
    Sizes,
    check_device,
    list_available,
    measure_memory,
    warm_up,
)
from _measure import limit_memory, run_apart, time_in_turns
from _report import (
    describe_machine,
    print_machine,
    print_table,
    write_json,
)

AXES = dict(
    num_classes=[20, 80, 500, 2000],
    resolution=[224, 320, 448, 640, 896],
    batch=[1, 2, 4, 8, 16],
)


def parse_args() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    for axis, values in AXES.items():
        parser.add_argument(
            f'--{axis.replace("_", "-")}',
            type=int,
            nargs='+',
            default=values,
            help=f'{values} by default',
        )
    parser.add_argument(
        '--at',
        type=int,
        nargs=3,
        metavar=('CLASSES', 'RESOLUTION', 'BATCH'),
        default=[80, 448, 1],
        help='where the other axes stand; 80 448 1 by default',
    )
    parser.add_argument('--channels', type=int, default=2048)
    parser.add_argument('--dtype', choices=DTYPES, default='float32')
    parser.add_argument('--device', default='cpu', help='cpu by default')
    parser.add_argument(
        '--impl',
        nargs='+',
        help='implementations; reference and the one of auto by default',
    )
    parser.add_argument(
        '--memory-limit',
        type=float,
        default=6,
        help='GiB that a step may take; 6 by default',
    )
    parser.add_argument(
        '--repeat', type=int, default=3, help='repetitions; 3 by default'
    )
    parser.add_argument('--json', help='write the results to this file')
    parser.add_argument('--plot', help='draw the cost into this PNG file')
    args = parser.parse_args()
    counts = [*args.num_classes, *args.batch, args.at[0], args.at[2]]
    if min(*counts, args.channels, args.repeat) < 1:
        parser.error('numbers of anything start from 1')
    if min(*args.resolution, args.at[1]) < STRIDE:
        parser.error(f'resolutions start from {STRIDE}')
    check_device(parser, args.device)
    available = ['auto', *list_available(args.device)]
    for name in args.impl or []:
        if name not in available:
            parser.error(f'--impl {name}: choose from {", ".join(available)}')
    return args


def measure_point(
    sizes: Sizes, training: bool, name: str, repeat: int, limit: float
) -> tuple[float, float | None] | None:
    """Return milliseconds and MiB of a step; None beyond the limit in GiB."""
    warm_up(sizes, training, name)
    limit_memory(limit, torch.device(sizes.device))
    try:
        memory = measure_memory(sizes, training, name)
        steps = HeadSteps(sizes, training)
        seconds = time_in_turns(
            {name: partial(steps.run, name)}, repeat, steps.device
        )
    except (RuntimeError, MemoryError) as error:
        if 'memory' not in str(error) and not isinstance(error, MemoryError):
            raise
        return None
    return 1e3 * statistics.median(seconds[name]), memory


def measure(args: argparse.Namespace) -> list[dict]:
    """Return a row per point, step and implementation."""
    base = Sizes(
        batch=args.at[2],
        num_classes=args.at[0],
        channels=args.channels,
        resolution=args.at[1],
        dtype=args.dtype,
        device=args.device,
    )
    rows = []
    for axis in AXES:
        for value in sorted(getattr(args, axis)):
            sizes = replace(base, **{axis: value})
            for training in (False, True):
                for name in args.impl or ['reference', 'auto']:
                    cost = run_apart(
                        args.device, measure_point, sizes, training, name,
                        args.repeat, args.memory_limit,
                    )  # fmt: skip
                    milliseconds, memory = cost or (None, None)
                    rows.append(
                        {
                            'against': axis,
                            'labels': sizes.num_classes,
                            'positions': sizes.side**2,
                            'batch': sizes.batch,
                            'step': 'training' if training else 'inference',
                            'implementation': name,
                            'ms': milliseconds,
                            'MiB': memory,
                        }
                    )
    return rows


def draw(rows: list[dict], path: str) -> None:
    """Draw time and memory on log axes, with a linear guide."""
    import matplotlib

    matplotlib.use('Agg')
    import matplotlib.pyplot as plt

    axes_of = dict(num_classes='labels', resolution='positions', batch='batch')
    names = list(dict.fromkeys(row['implementation'] for row in rows))
    figure, grid = plt.subplots(
        2, 3, figsize=(10, 6), sharex='col', sharey='row',
        layout='constrained',
    )  # fmt: skip
    for column, (axis, field) in enumerate(axes_of.items()):
        for row, quantity in enumerate(('ms', 'MiB')):
            panel = grid[row, column]
            for step, dash in (('inference', '--'), ('training', '-')):
                for number, name in enumerate(names):
                    points = [
                        (point[field], point[quantity])
                        for point in rows
                        if point['against'] == axis
                        and point['step'] == step
                        and point['implementation'] == name
                        and point[quantity] is not None
                    ]
                    if points:
                        panel.plot(
                            *zip(*points, strict=True), dash, marker='o',
                            color=f'C{number}', label=f'{name}, {step}',
                        )  # fmt: skip
            # The last that was drawn: training, fast.
            if points:
                x, y = points[-1]
                first = points[0][0]
                panel.plot(
                    [first, x], [y * first / x, y], ':', color='grey',
                    label='linear',
                )  # fmt: skip
            panel.set(xscale='log', yscale='log')
            panel.grid(alpha=0.3)
        places = sorted({r[field] for r in rows if r['against'] == axis})
        grid[1, column].set_xticks(places, places)
        grid[1, column].set_xticks([], minor=True)
        grid[1, column].set_xlabel(field)
    grid[0, 0].set_ylabel('ms')
    grid[1, 0].set_ylabel('MiB beyond weights and features')
    grid[0, 0].legend(fontsize='small')
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def main() -> None:
    """Print the table."""
    args = parse_args()
    machine = describe_machine()
    print_machine(machine)
    rows = measure(args)
    title = (
        f'Head, D {args.channels}, {args.dtype}, {args.device}, '
        f'{torch.get_num_threads()} threads, medians of {args.repeat}; '
        f'"-": more than {args.memory_limit:g} GiB'
    )
    print_table(title, rows)
    if args.plot:
        draw(rows, args.plot)
    if args.json:
        content = {
            'arguments': vars(args),
            'machine': machine,
            'scaling': rows,
        }
        write_json(args.json, content)


if __name__ == '__main__':
    main()
