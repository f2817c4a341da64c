"""Compare SRDL, its baseline and the methods of projects/ side by side.

What they cost: parameters, multiply-adds, the time of an image, the memory it
takes and that of training on two, with random weights, all in one run, by
each method's config for VOC 2007 in SRDL's recipe. What they reach: mAP on
the quickstart's test images after a short training, beside that of a linear
classifier of the features that the training starts from, which whoever learns
anything exceeds; and with --voc that on VOC 2007. Trainings that --work-dir
holds already are not repeated. Writes the table and the plot of
projects/README.md, or of --page, and fails if a method does not exceed the
linear classifier.
"""

import argparse
import statistics
import sys
from pathlib import Path

import torch
from _head_steps import check_device
from _linear_probe import probe_backbone
from _measure import median_ratio, run_apart, time_in_turns
from _methods import (
    BASELINE,
    ROOT,
    Method,
    find_methods,
    shorten,
    train_and_test,
)
from _model_steps import ModelSteps, Setting, get_config, measure_memory
from _report import (
    describe_machine,
    format_markdown,
    has_part,
    print_machine,
    print_table,
    write_json,
    write_part,
)
from mmengine.config import Config, DictAction
from mmengine.logging import MMLogger

from mmsrdl import register_all_modules
from mmsrdl.analysis import measure_complexity
from mmsrdl.visualization import plot_methods

SETTING = ('methods', 'epochs', 'seed', 'resolution', 'repeat', 'device')
"""What makes the figures of projects/README.md."""

PART = 'compare_methods'
"""Of the page, between its marks."""


def parse_args() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    methods = find_methods()
    parser.add_argument(
        '--methods',
        nargs='+',
        choices=list(methods),
        default=list(methods),
        help=f'methods beside {BASELINE}; all by default',
    )
    parser.add_argument(
        '--epochs',
        type=int,
        default=14,
        help="of the quickstart's training, its schedule in proportion; 0 "
        'leaves it out; 14 by default',
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--voc',
        action='store_true',
        help='also train and test on VOC 2007, at VOC_ROOT, in the common '
        'recipe',
    )
    parser.add_argument(
        '--voc-epochs', type=int, default=20, help='20 by default'
    )
    parser.add_argument(
        '--voc-options',
        nargs='+',
        action=DictAction,
        default={},
        help='settings that replace those of the configs for VOC 2007, as '
        'key=value, such as model.backbone.depth=18',
    )
    parser.add_argument(
        '--resolution',
        type=int,
        default=448,
        help='side of the image whose cost is measured; 448 by default',
    )
    parser.add_argument(
        '--repeat', type=int, default=7, help='turns of timing; 7 by default'
    )
    parser.add_argument('--device', default='cpu', help='cpu by default')
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/compare_methods')
    )
    parser.add_argument(
        '--page',
        type=Path,
        help='page whose table to replace, and beside which to write the '
        'plot; by default projects/README.md if all methods are compared in '
        'the default setting, else none',
    )
    parser.add_argument('--json', help='write the results to this file')
    args = parser.parse_args()
    if args.epochs < 0 or args.epochs == 1 or args.voc_epochs < 1:
        parser.error('--epochs is 0 or starts from 2, --voc-epochs from 1')
    if args.repeat < 1 or args.resolution < 32:
        parser.error('--repeat starts from 1, --resolution from 32')
    check_device(parser, args.device)
    if all(getattr(args, key) == parser.get_default(key) for key in SETTING):
        args.page = args.page or ROOT / 'projects/README.md'
    if args.page and not has_part(args.page, PART):
        parser.error(
            f"--page {args.page}: there is no line '<!-- begin of {PART} -->'"
        )
    args.methods = list(dict.fromkeys([BASELINE, *args.methods]))
    return args


def measure_costs(
    methods: dict[str, Method], setting: Setting, repeat: int
) -> dict[str, dict]:
    """Measure what one image takes, of all methods in turns."""
    configs = {name: str(method.common) for name, method in methods.items()}
    case = (setting, False, 1)
    memory, training = (
        {
            name: run_apart(setting.device, measure_memory, config, *task)
            for name, config in configs.items()
        }
        for task in (case, (setting, True, 2))
    )
    steps = {name: ModelSteps(cfg, *case).run for name, cfg in configs.items()}
    device = torch.device(setting.device)
    seconds = time_in_turns(steps, repeat, device)
    rows, side = {}, setting.resolution
    for name, config in configs.items():
        cfg = get_config(config, setting.depth)
        complexity = measure_complexity(cfg, (3, side, side))
        rows[name] = {
            'M parameters': complexity['params'] / 1e6,
            'G multiply-adds': complexity['flops'] / 1e9,
            'ms': 1e3 * statistics.median(seconds[name]),
            'times gmp': median_ratio(seconds[name], seconds[BASELINE]),
            'MiB': memory[name],
            'MiB, training': training[name],
            'memory, times gmp': memory[name]
            and memory[name] / memory[BASELINE],
        }
    return rows


def measure_quickstart(
    methods: dict[str, Method], epochs: int, seed: int, work_dir: Path
) -> dict[str, dict]:
    """Train on the quickstart's data, and probe what it starts from."""
    rows, probes = {}, {}
    for name, method in methods.items():
        print(f'Training {name} on the quickstart', flush=True)
        cfg = Config.fromfile(method.quickstart)
        backbone = repr(cfg.model.backbone)
        if backbone not in probes:
            probes[backbone] = probe_backbone(cfg, seed)
        cfg = shorten(Config.fromfile(method.quickstart), epochs)
        cfg.randomness.seed = seed
        measures = train_and_test(cfg, work_dir / f'{name}_quickstart')
        rows[name] = {
            'mAP': measures['mAP'],
            'CF1': measures['CF1'],
            'linear mAP': probes[backbone],
        }
    return rows


def measure_voc(
    methods: dict[str, Method],
    epochs: int,
    seed: int,
    options: dict,
    work_dir: Path,
) -> dict[str, dict]:
    """Train and test on VOC 2007 in the common recipe."""
    rows = {}
    for name, method in methods.items():
        print(f'Training {name} on VOC 2007', flush=True)
        cfg = shorten(Config.fromfile(method.common), epochs)
        cfg.randomness.seed = seed
        cfg.merge_from_dict(options)
        measures = train_and_test(cfg, work_dir / f'{name}_voc07')
        rows[name] = {'VOC 2007 mAP': measures['mAP']}
    return rows


def draw(rows: list[dict], path: Path) -> None:
    """Draw the columns that tell most."""

    def column(key: str) -> list[float | None]:
        return [row.get(key) for row in rows]

    titles = {
        'mAP': 'mAP on the quickstart (%)',
        'VOC 2007 mAP': 'mAP on VOC 2007 (%)',
        'times gmp': 'time, as multiple of gmp',
        'memory, times gmp': 'memory, as multiple of gmp',
    }
    panels = {
        title: column(key)
        for key, title in titles.items()
        if any(value is not None for value in column(key))
    }
    marks = {}
    if any('linear mAP' in row for row in rows):
        text = 'linear classifier of the features before training'
        marks[text] = column('linear mAP')
    plot_methods([row['method'] for row in rows], panels, marks).savefig(path)


def write_page(page: Path, rows: list[dict], notes: list[str]) -> None:
    """Put the table on the page, and the plot beside it."""
    plot = page.with_name('comparison.png')
    draw(rows, plot)
    picture = f'![What the methods reach and what they cost]({plot.name})'
    write_part(page, PART, [format_markdown(rows), picture, *notes])
    print(f'Wrote {page} and {plot}')


def describe(args: argparse.Namespace, machine: dict) -> list[str]:
    """Say how the figures were measured."""
    device = machine['gpu'] if 'cuda' in args.device else machine['cpu']
    notes = [
        f'Cost: ResNet-101 unless the method has its own backbone, C = 20, '
        f'one image of {args.resolution} px, float32, random weights; medians '
        f'of {args.repeat} turns of all methods in one run on {device}, '
        f'{machine["torch_threads"]} threads, PyTorch '
        f'{machine["versions"]["torch"]}. Memory with weights; in training '
        "that of two images, by the recipe's optimizer and frozen stages."
    ]
    if args.epochs:
        notes.append(
            f'mAP, CF1: test images of the quickstart after {args.epochs} '
            f'epochs from scratch, one seed ({args.seed}). Linear mAP: a '
            'linear classifier of the features before training.'
        )
    if args.voc:
        options = ' '.join(f'{k}={v}' for k, v in args.voc_options.items())
        notes.append(
            f'VOC 2007: {args.voc_epochs} epochs in the common recipe'
            f'{f" with {options}" if options else ""}, one seed.'
        )
    return notes


def main() -> None:
    """Measure, print and write."""
    args = parse_args()
    register_all_modules()
    # It would name each weight that is drawn.
    MMLogger.get_current_instance().setLevel('ERROR')
    machine = describe_machine()
    print_machine(machine)
    found = find_methods()
    methods = {name: found[name] for name in args.methods}
    setting = Setting(resolution=args.resolution, device=args.device)
    parts = []
    try:
        # Trainings first: a mistake in one of them shows early.
        if args.epochs:
            reached = measure_quickstart(
                methods, args.epochs, args.seed, args.work_dir
            )
            parts.append(reached)
        if args.voc:
            voc = measure_voc(
                methods,
                args.voc_epochs,
                args.seed,
                args.voc_options,
                args.work_dir,
            )
            parts.append(voc)
        parts.append(measure_costs(methods, setting, args.repeat))
    except (RuntimeError, OSError, ValueError) as error:
        sys.exit(f'error: {error}')
    rows = [
        {
            'method': name,
            **{k: v for part in parts for k, v in part[name].items()},
        }
        for name in methods
    ]
    print_table('Methods', rows)
    if args.page:
        write_page(args.page, rows, describe(args, machine))
    if args.json:
        settings = {
            key: str(value) if isinstance(value, Path) else value
            for key, value in vars(args).items()
        }
        write_json(
            args.json,
            {'settings': settings, 'machine': machine, 'methods': rows},
        )
    behind = [
        row['method']
        for row in rows
        if 'mAP' in row and row['mAP'] <= row['linear mAP']
    ]
    if behind:
        sys.exit(f'No better than a linear classifier: {", ".join(behind)}')


if __name__ == '__main__':
    main()
