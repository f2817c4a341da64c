"""Compare SRDL on ResNet-101 with other heads on the same backbone.

One run times inference and a training step (forward, loss, backward and
optimizer, with the config's frozen stages and erasing on) of all models in
turns, and measures the memory that each takes, weights included; on a CPU in
a fresh process for each. Weights and images are random. Beside SRDL (srdl)
and global max pooling (gmp), the baseline, stand global average pooling
(gap), MMPretrain's CSRA head (csra), and a transformer decoder of the sizes
of Query2Label (decoder), which stands for time and memory alone.
"""

import argparse
import statistics
from dataclasses import asdict

import torch
from _head_steps import check_device
from _measure import median_ratio, run_apart, time_in_turns
from _model_steps import (
    BASELINE,
    MODES,
    NAMES,
    ModelSteps,
    Setting,
    add_model_sizes,
    count_parameters,
    measure_memory,
)
from _report import (
    describe_machine,
    print_machine,
    print_table,
    write_json,
)


def parse_args() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--models',
        nargs='+',
        choices=NAMES,
        default=NAMES,
        help=f'models beside {BASELINE}; all by default',
    )
    parser.add_argument(
        '--batch-size',
        type=int,
        default=4,
        help='images in training, and in inference beside 1; 4 by default',
    )
    parser.add_argument(
        '--mode',
        choices=MODES,
        default='eager',
        help='cudagraph: inference alone; eager by default',
    )
    parser.add_argument(
        '--amp',
        choices=('bfloat16', 'float16'),
        help='dtype of autocast, on CUDA with a scaler; none by default',
    )
    parser.add_argument('--channels-last', action='store_true')
    add_model_sizes(parser)
    parser.add_argument('--device', default='cpu', help='cpu by default')
    parser.add_argument(
        '--repeat', type=int, default=7, help='turns; 7 by default'
    )
    parser.add_argument('--json', help='write the results to this file')
    args = parser.parse_args()
    if min(args.batch_size, args.repeat) < 1 or args.resolution < 32:
        parser.error(
            '--batch-size and --repeat start from 1, --resolution from 32'
        )
    check_device(parser, args.device)
    if args.mode == 'cudagraph' and torch.device(args.device).type != 'cuda':
        parser.error('--mode cudagraph needs --device cuda')
    return args


def measure(
    setting: Setting, names: list[str], training: bool, batch: int, repeat: int
) -> list[dict]:
    """Return a row per model."""
    case = (setting, training, batch)
    memory = {
        name: run_apart(setting.device, measure_memory, name, *case)
        for name in names
    }
    steps = {name: ModelSteps(name, *case).run for name in names}
    device = torch.device(setting.device)
    seconds = time_in_turns(steps, repeat, device)
    rows = []
    for name in names:
        share = memory[name] and memory[name] / memory[BASELINE]
        rows.append(
            {
                'step': 'training' if training else 'inference',
                'batch': batch,
                'model': name,
                'ms': 1e3 * statistics.median(seconds[name]),
                'ms, least': 1e3 * min(seconds[name]),
                'times gmp': median_ratio(seconds[name], seconds[BASELINE]),
                'MiB': memory[name],
                'memory, times gmp': share,
            }
        )
    return rows


def main() -> None:
    """Print the tables."""
    args = parse_args()
    setting = Setting(
        depth=args.depth,
        resolution=args.resolution,
        mode=args.mode,
        amp=args.amp,
        channels_last=args.channels_last,
        device=args.device,
    )
    names = list(dict.fromkeys([BASELINE, *args.models]))
    machine = describe_machine()
    print_machine(machine)
    parameters = []
    for name in names:
        total, trained = count_parameters(name, setting)
        parameters.append(
            {'model': name, 'M parameters': total, 'M trained': trained}
        )
    print_table(f'Parameters, ResNet-{args.depth}', parameters)
    rows = []
    for batch in sorted({1, args.batch_size}):
        rows += measure(setting, names, False, batch, args.repeat)
    if args.mode != 'cudagraph':
        # A training graph of PyTorch needs an optimizer and a scaler of its
        # own, which no config asks for.
        rows += measure(setting, names, True, args.batch_size, args.repeat)
    title = (
        f'ResNet-{args.depth}, {args.resolution} px, {args.mode}, '
        f'{args.amp or "float32"}'
        f'{", channels last" if args.channels_last else ""}, {args.device}, '
        f'{torch.get_num_threads()} threads, medians of {args.repeat} turns'
    )
    print_table(title, rows)
    if args.json:
        content = {
            'setting': asdict(setting),
            'repetitions': args.repeat,
            'machine': machine,
            'parameters': parameters,
            'models': rows,
        }
        write_json(args.json, content)


if __name__ == '__main__':
    main()
