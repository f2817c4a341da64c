"""Train rows of an experiment over seeds, and write a table and a plot.

An experiment is a file of tools/benchmarks/experiments: a row for each
config, with options that replace its settings. Each training adds a line to
--runs: what was trained, the measures on the test split, how often the map of
a label that it predicts peaks in an object (pointing game), time, memory and
versions. What has a line already is not trained again, so a broken run goes
on where it was. The table and the plot are made of the lines alone, and take
the place between the marks of the experiment on --page.

Features of frozen stages are stored once (--views), which is three times as
fast as from images; every seed and row draws from the same views.
"""

import argparse
import hashlib
import json
import os
import statistics
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from _measure import run_apart
from _methods import ROOT
from _report import (
    describe_machine,
    format_markdown,
    has_part,
    print_table,
    write_part,
)
from _training_run import prepare, train
from mmengine.config import Config
from mmengine.logging import MMLogger

from mmsrdl import register_all_modules
from mmsrdl.visualization import plot_spread

COLUMNS = ('mAP', 'CF1', 'OF1', 'pointing')
SPLITS = {'test': ('trainval', 'test'), 'val': ('train', 'val')}
ROOTS = {
    'VOC_ROOT': 'data/VOCdevkit/VOC2007',
    'WEIGHTS_ROOT': 'data/weights',
    'LABEL_EMBEDDING_ROOT': 'data/label_embeddings',
}
"""Variables that configs read, and what they take without them."""

KEEP_MEMORY = {
    'MALLOC_MMAP_THRESHOLD_': str(2**31),
    'MALLOC_TRIM_THRESHOLD_': str(2**32),
    'MALLOC_TOP_PAD_': str(2**28),
}
"""Lets glibc reuse what it frees, which halves the time of a step on a CPU."""

EXPERIMENTS = Path(__file__).with_name('experiments')


def parse_args() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = sorted(path.stem for path in EXPERIMENTS.glob('*.py'))
    parser.add_argument('experiment', choices=names)
    parser.add_argument(
        '--seeds', type=int, nargs='+', default=[0, 1, 2], help='0 1 2'
    )
    parser.add_argument('--rows', nargs='+', help='all by default')
    parser.add_argument(
        '--split',
        choices=list(SPLITS),
        default='test',
        help='test trains on trainval; val trains on train and tests on val, '
        'for choices; test by default',
    )
    parser.add_argument(
        '--views',
        type=int,
        default=8,
        help='of each training image, whose features are stored; 0 trains '
        'from images; 8 by default',
    )
    parser.add_argument(
        '--jobs',
        type=int,
        default=os.cpu_count(),
        help='trainings at once, each with its share of the cores; by default '
        'one for each',
    )
    parser.add_argument(
        '--report-only', action='store_true', help='train nothing'
    )
    parser.add_argument(
        '--runs', type=Path, default=ROOT / 'docs/evidence/runs.jsonl'
    )
    parser.add_argument(
        '--page',
        type=Path,
        default=ROOT / 'docs/evidence.md',
        help='page with the marks of the experiment, beside which lies a '
        'folder of its name for the plot; docs/evidence.md by default',
    )
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/ablation')
    )
    args = parser.parse_args()
    if args.views < 0 or args.jobs < 1:
        parser.error('--views starts from 0, --jobs from 1')
    return args


def read_experiment(name: str) -> Config:
    """Read an experiment.

    Returns:
        Config: ``title`` and ``rows``, of each name a dict with ``config``,
        a path from the root of the project, and ``options``.
    """
    experiment = Config.fromfile(EXPERIMENTS / f'{name}.py')
    for row in experiment.rows.values():
        row.setdefault('options', {})
    return experiment


def build_config(row: dict, seed: int, split: str) -> Config:
    """Return the config that a run trains."""
    cfg = Config.fromfile(ROOT / row['config'])
    cfg.merge_from_dict(row['options'])
    cfg.randomness.seed = seed
    train, test = SPLITS[split]
    cfg.train_dataloader.dataset.split = train
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        loader.dataset.split = test
    schedule = cfg.param_scheduler
    if schedule.get('type') == 'OneCycleLR':
        # It ends with the training, and peaks at the rate.
        schedule.total_steps = cfg.train_cfg.max_epochs
        schedule.eta_max = cfg.optim_wrapper.optimizer.lr
    cfg.train_cfg.val_interval = cfg.train_cfg.max_epochs + 1
    cfg.default_hooks.checkpoint = dict(
        type='CheckpointHook', interval=-1, save_optimizer=False
    )
    return cfg


def name_run(cfg: Config, views: int) -> str:
    """Return what is equal only for equal configs, wherever the data is."""
    text = json.dumps(cfg.to_dict(), sort_keys=True, default=str)
    for name, default in ROOTS.items():
        text = text.replace(os.environ.get(name) or default, f'${name}')
    return hashlib.sha256(f'{text} {views}'.encode()).hexdigest()[:12]


def find_images(cfg: Config) -> str:
    """Return what is equal for runs that train on the same features."""
    loaders = cfg.train_dataloader, cfg.test_dataloader
    datasets = [loader.dataset for loader in loaders]
    return str([datasets, cfg.data_preprocessor, cfg.model.backbone])


def read_runs(path: Path) -> dict[str, dict]:
    """Read the lines of a file of runs, by what names each."""
    if not path.is_file():
        return {}
    lines = path.read_text('utf-8').splitlines()
    return {run['run']: run for run in map(json.loads, lines)}


def run_all(
    tasks: list[tuple[dict, Config]], args: argparse.Namespace
) -> list[str]:
    """Train tasks, and write a line for each that ends.

    Args:
        tasks (list[tuple[dict, Config]]): The begin of the line, and the
            config.
        args (argparse.Namespace): Those of the program.

    Returns:
        list[str]: What failed.
    """
    lock, failed, versions = threading.Lock(), [], describe_machine()
    stored = {}  # folders of features, of all runs on the same images
    threads = max(1, versions['cores'] // args.jobs)
    args.runs.parent.mkdir(parents=True, exist_ok=True)

    def run(line: dict, cfg: Config) -> None:
        work_dir = args.work_dir / line['run']
        name = f'{line["row"]}, seed {line["seed"]}'
        folders = stored and stored[find_images(cfg)]
        case = cfg.pretty_text, str(work_dir), folders, threads
        try:
            result = run_apart('cpu', train, *case)
        except Exception as error:  # the other runs go on
            failed.append(f'{name}: {error}')
            return
        line.update(
            result,
            views=args.views,
            threads=threads,
            cpu=versions['cpu'],
            date=str(date.today()),
            versions={
                key: versions['versions'][key] for key in ('torch', 'mmsrdl')
            },
        )
        with lock, args.runs.open('a', encoding='utf-8') as file:
            file.write(json.dumps(line) + '\n')
        print(
            f'{name}: mAP {result["mAP"]:.2f} '
            f'({result["train_seconds"] / 60:.0f} min)',
            flush=True,
        )

    if args.views:
        for _, cfg in tasks:
            images = find_images(cfg)
            if images not in stored:
                case = cfg.pretty_text, args.work_dir, args.views
                stored[images] = run_apart('cpu', prepare, *case)
    with ThreadPoolExecutor(args.jobs) as pool:
        for done in [pool.submit(run, *task) for task in tasks]:
            done.result()
    return failed


def summarise(
    rows: dict[str, dict], runs: dict[str, list[dict]]
) -> list[dict]:
    """Mean and standard deviation over the seeds of each row."""
    table = []
    for name, row in rows.items():
        line = {'row': name, 'seeds': len(runs[name])}
        for column in COLUMNS:
            values = [run[column] for run in runs[name]]
            known = [value for value in values if value is not None]
            if known:
                line[column] = f'{statistics.mean(known):.2f}'
            if len(known) > 1:
                line[column] += f' ± {statistics.stdev(known):.2f}'
        if 'published' in row:
            line['published mAP'] = str(row.published)
        table.append(line)
    return table


def report(
    experiment: Config, runs: dict[str, list[dict]], args: argparse.Namespace
) -> None:
    """Print the table, and put it and the plot on the page."""
    table = summarise(experiment.rows, runs)
    print_table(experiment.title, table)
    name = args.experiment
    drawn = {row: found for row, found in runs.items() if found}
    if not drawn or not has_part(args.page, name):
        print(f'No run, or no place for {name} in {args.page}.')
        return
    plot = args.page.with_suffix('') / f'{name}.png'
    plot.parent.mkdir(parents=True, exist_ok=True)
    values = [[run['mAP'] for run in found] for found in drawn.values()]
    plot_spread(list(drawn), values, 'mAP (%)').savefig(plot)
    minutes = sum(
        run['train_seconds'] / 60 for found in drawn.values() for run in found
    )
    seeds = ' '.join(map(str, args.seeds))
    split = '' if args.split == 'test' else f' --split {args.split}'
    blocks = [
        format_markdown(table),
        f'![mAP of each seed]({plot.relative_to(args.page.parent)})',
        f'`python tools/benchmarks/ablation.py {name} --seeds {seeds}{split}`,'
        f' {minutes:.0f} minutes of training in all.',
    ]
    write_part(args.page, name, blocks)
    print(f'Wrote {args.page} and {plot}')


def main() -> None:
    """Train what is missing, and report."""
    args = parse_args()
    for name, value in KEEP_MEMORY.items():
        os.environ.setdefault(name, value)
    experiment = read_experiment(args.experiment)
    if args.rows:
        unknown = set(args.rows) - set(experiment.rows)
        if unknown:
            sys.exit(
                f'error: no rows {sorted(unknown)} in {args.experiment}, '
                f'which has {list(experiment.rows)}'
            )
    register_all_modules()
    MMLogger.get_current_instance().setLevel('ERROR')
    known = read_runs(args.runs)
    plan = {}
    for seed in args.seeds:  # the first seed of all rows first
        for name, row in experiment.rows.items():
            cfg = build_config(row, seed, args.split)
            run = name_run(cfg, args.views)
            line = dict(
                run=run,
                row=name,
                config=row.config,
                options=dict(row.options),
                seed=seed,
                split=args.split,
            )
            plan[name, seed] = line, cfg
    failed = []
    if not args.report_only:
        rows = args.rows or experiment.rows
        tasks = [
            task
            for (name, _), task in plan.items()
            if name in rows and task[0]['run'] not in known
        ]
        failed = run_all(tasks, args)
        known = read_runs(args.runs)
    found = {
        name: [
            known[plan[name, seed][0]['run']]
            for seed in args.seeds
            if plan[name, seed][0]['run'] in known
        ]
        for name in experiment.rows
    }
    report(experiment, found, args)
    if failed:
        sys.exit('error: these failed:\n' + '\n'.join(failed))


if __name__ == '__main__':
    main()
