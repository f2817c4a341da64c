"""Compare runtimes of an exported model with PyTorch, on a CPU.

One run times PyTorch, eager and compiled, and ONNX Runtime in float32 and 8
bits in turns, measures the memory that each takes in a fresh process, weights
included, and compares their scores. By default for SRDL on ResNet-101 (srdl)
and the same backbone with global max pooling (gmp), both with random weights;
with --config and --checkpoint for a trained model. Images are random, by
which the ranges of 8 bits are chosen too: its scores say nothing.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import torch
from _deploy_steps import (
    CPU,
    RUNTIMES,
    Source,
    make_step,
    measure_memory,
    write_files,
)
from _measure import median_ratio, run_apart, time_in_turns
from _model_steps import BASELINE, add_model_sizes
from _report import (
    describe_machine,
    print_machine,
    print_table,
    write_json,
)


def parse_args() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--config', help='of a trained model')
    parser.add_argument('--checkpoint', help='of a trained model')
    parser.add_argument(
        '--runtimes',
        nargs='+',
        choices=RUNTIMES,
        default=RUNTIMES,
        help='all by default',
    )
    parser.add_argument(
        '--batch-size',
        type=int,
        nargs='+',
        default=[1, 8],
        help='1 and 8 by default',
    )
    add_model_sizes(parser)
    parser.add_argument(
        '--repeat', type=int, default=7, help='turns; 7 by default'
    )
    parser.add_argument('--json', help='write the results to this file')
    args = parser.parse_args()
    if min(*args.batch_size, args.repeat) < 1 or args.resolution < 32:
        parser.error(
            '--batch-size and --repeat start from 1, --resolution from 32'
        )
    if (args.config is None) != (args.checkpoint is None):
        parser.error('--config and --checkpoint belong together')
    for path in (args.config, args.checkpoint):
        if path is not None and not Path(path).is_file():
            parser.error(f'there is no file {path}')
    return args


def measure(
    sources: list[Source],
    files: dict[str, dict[str, Path]],
    args: argparse.Namespace,
    batch: int,
) -> list[dict]:
    """Return a row per model and runtime."""
    cases = {
        (source.name, runtime): (
            *(source, args.resolution, batch, runtime),
            files[source.name].get(runtime),
        )
        for source in sources
        for runtime in args.runtimes
    }
    memory = {
        key: run_apart('cpu', measure_memory, *case)
        for key, case in cases.items()
    }
    steps = {key: make_step(*case) for key, case in cases.items()}
    scores = {key: step() for key, step in steps.items()}
    seconds = time_in_turns(steps, args.repeat, CPU)
    rows = []
    for name, runtime in cases:
        key, eager = (name, runtime), (name, 'eager')
        baseline = (BASELINE, runtime)
        row = {
            'batch': batch,
            'model': name,
            'runtime': runtime,
            'ms': 1e3 * statistics.median(seconds[key]),
            'ms, least': 1e3 * min(seconds[key]),
        }
        if eager in seconds:
            row['times eager'] = median_ratio(seconds[key], seconds[eager])
            if not runtime.endswith('int8'):
                difference = (scores[key] - scores[eager]).abs().max()
                row['difference'] = difference.item()
        if baseline in seconds:
            row['times gmp'] = median_ratio(seconds[key], seconds[baseline])
        row['MiB'] = memory[key]
        rows.append(row)
    return rows


def main() -> None:
    """Print the table."""
    args = parse_args()
    sources = [Source(BASELINE, args.depth), Source('srdl', args.depth)]
    if args.config is not None:
        sources = [
            Source('model', config=args.config, checkpoint=args.checkpoint)
        ]
    machine = describe_machine()
    print_machine(machine)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        files = {
            source.name: write_files(
                source, args.resolution, args.runtimes, Path(folder)
            )
            for source in sources
        }
        sizes = [
            {
                'model': name,
                'runtime': runtime,
                'file, MB': path.stat().st_size / 1e6,
            }
            for name, each in files.items()
            for runtime, path in each.items()
        ]
        for batch in sorted(set(args.batch_size)):
            rows += measure(sources, files, args, batch)
    what = args.config or f'ResNet-{args.depth}'
    title = (
        f'{what}, {args.resolution} px, {torch.get_num_threads()} threads, '
        f'medians of {args.repeat} turns'
    )
    print_table(title, rows)
    if sizes:
        print_table('Exported files', sizes)
    if args.json:
        content = {
            'setting': {
                key: getattr(args, key)
                for key in ('config', 'checkpoint', 'depth', 'resolution')
            },
            'repetitions': args.repeat,
            'machine': machine,
            'runtimes': rows,
            'files': sizes,
        }
        write_json(args.json, content)


if __name__ == '__main__':
    main()
