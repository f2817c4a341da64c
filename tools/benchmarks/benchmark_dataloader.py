"""Compare a training pipeline with a plain decode-and-resize pipeline.

Both read the same images in the same run, in turns. Plain means: the config's
way to load an image, a resize by OpenCV, bicubic as in the papers or bilinear,
to the size the config trains at, and the config's way to pack it.
"""

import argparse
import statistics
import time
from collections.abc import Iterable
from pathlib import Path

from _report import (
    describe_machine,
    print_machine,
    print_table,
    write_json,
)
from mmengine.config import Config, DictAction
from mmengine.dataset import Compose, default_collate
from mmengine.registry import init_default_scope
from mmengine.utils.dl_utils import set_multi_processing
from mmpretrain.registry import DATASETS
from torch.utils.data import DataLoader, Dataset

import mmsrdl  # noqa: F401  registers what configs name


class Images(Dataset):
    """The first images of a data set, through a pipeline of one's choice."""

    def __init__(self, dataset, pipeline: Compose, count: int) -> None:
        self.dataset = dataset
        self.pipeline = pipeline
        self.count = count

    def __len__(self) -> int:
        """Return how many images there are."""
        return self.count

    def __getitem__(self, index: int) -> dict:
        """Return what the pipeline makes of an image."""
        return self.pipeline(self.dataset.get_data_info(index))


def parse_args() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='path of the config')
    parser.add_argument(
        '--workers',
        type=int,
        nargs='+',
        help='numbers of worker processes; 0, 1, 2, 4, ... up to the number '
        'of cores by default',
    )
    parser.add_argument(
        '--batch-size', type=int, default=16, help='16 by default'
    )
    parser.add_argument(
        '--max-images',
        type=int,
        default=512,
        help='read that many images per repetition; 512 by default',
    )
    parser.add_argument(
        '--repeat', type=int, default=5, help='repetitions; 5 by default'
    )
    parser.add_argument(
        '--interpolation',
        choices=('bicubic', 'bilinear'),
        default='bicubic',
        help='of the plain resize; bicubic by default',
    )
    parser.add_argument(
        '--turbojpeg',
        action='store_true',
        help='also measure both pipelines with LoadImageWithTurboJPEG',
    )
    parser.add_argument('--json', help='write the results to this file')
    parser.add_argument('--plot', help='draw the speeds into this PNG file')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings that replace those of the config, as key=value',
    )
    args = parser.parse_args()
    if not Path(args.config).is_file():
        parser.error(f'there is no config {args.config}')
    if min(args.batch_size, args.max_images, args.repeat) < 1:
        parser.error('--batch-size, --max-images, --repeat start from 1')
    if args.workers is not None and min(args.workers) < 0:
        parser.error('--workers start from 0')
    return args


def get_pipelines(
    cfg: Config, dataset, interpolation: str, turbojpeg: bool
) -> dict:
    """Return the pipelines to compare by name, as :class:`Compose`."""
    steps = cfg.train_dataloader.dataset.pipeline
    trained = Compose(steps)(dataset.get_data_info(0))
    height, width = trained['inputs'].shape[-2:]
    resize = dict(
        type='Resize', scale=(width, height), interpolation=interpolation
    )
    plain = [steps[0], resize, steps[-1]]
    pipelines = {'plain': plain, 'config': steps}
    if turbojpeg:
        load = dict(steps[0], type='LoadImageWithTurboJPEG')
        load.pop('imdecode_backend', None)
        for name in ('plain', 'config'):
            pipelines[f'{name}, turbojpeg'] = [load, *pipelines[name][1:]]
    return {name: Compose(steps) for name, steps in pipelines.items()}


def time_steps(images: dict[str, Images]) -> list[dict]:
    """Return the CPU milliseconds per image that each step of them takes."""
    rows = []
    for name, view in images.items():
        spent = [0.0] * len(view.pipeline.transforms)
        for index in range(len(view)):
            data = view.dataset.get_data_info(index)
            for number, transform in enumerate(view.pipeline.transforms):
                start = time.process_time()
                data = transform(data)
                spent[number] += time.process_time() - start
        for seconds, transform in zip(
            spent, view.pipeline.transforms, strict=True
        ):
            row = {'pipeline': name, 'step': type(transform).__name__}
            rows.append({**row, 'CPU ms': 1e3 * seconds / len(view)})
    return rows


def measure_speed(loaders: dict[str, Iterable], repeat: int) -> dict:
    """Return the seconds of each repetition, by name, taken in turns."""
    for loader in loaders.values():  # starts the workers, reads the files
        for _ in loader:
            pass
    seconds = {name: [] for name in loaders}
    for _ in range(repeat):
        for name, loader in loaders.items():
            start = time.perf_counter()
            for _ in loader:
                pass
            seconds[name].append(time.perf_counter() - start)
    return seconds


def get_rows(workers: int, count: int, seconds: dict) -> list[dict]:
    """Return a row per pipeline: medians, and ratios within repetitions."""
    rows = []
    for name, taken in seconds.items():
        ratios = [a / b for a, b in zip(seconds['plain'], taken, strict=True)]
        rows.append(
            {
                'workers': workers,
                'pipeline': name,
                'images/s': count / statistics.median(taken),
                'slowest': count / max(taken),
                'fastest': count / min(taken),
                'of plain': statistics.median(ratios),
            }
        )
    return rows


def draw(rows: list[dict], path: str) -> None:
    """Draw images/s against workers."""
    import matplotlib

    matplotlib.use('Agg')
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout='constrained')
    for name in dict.fromkeys(row['pipeline'] for row in rows):
        points = [row for row in rows if row['pipeline'] == name]
        axes.plot(
            [row['workers'] for row in points],
            [row['images/s'] for row in points],
            marker='o',
            label=name,
        )
    axes.set(xlabel='workers', ylabel='images/s', ylim=(0, None))
    axes.legend()
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def main() -> None:
    """Print the tables."""
    args = parse_args()
    cfg = Config.fromfile(args.config)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    set_multi_processing(**cfg.get('env_cfg', {}).get('mp_cfg', {}))
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    count = min(args.max_images, len(dataset))
    images = {
        name: Images(dataset, pipeline, count)
        for name, pipeline in get_pipelines(
            cfg, dataset, args.interpolation, args.turbojpeg
        ).items()
    }
    machine = describe_machine()
    print_machine(machine)
    workers = args.workers or [0]
    if args.workers is None:
        while 2 ** (len(workers) - 1) <= machine['cores']:
            workers.append(2 ** (len(workers) - 1))
    rows = []
    for number in workers:
        loaders = {
            name: DataLoader(
                view,
                batch_size=args.batch_size,
                shuffle=True,
                num_workers=number,
                collate_fn=default_collate,
                persistent_workers=number > 0,
            )
            for name, view in images.items()
        }
        seconds = measure_speed(loaders, args.repeat)
        rows += get_rows(number, count, seconds)
    title = f'{count} images, {args.repeat} repetitions in turns, medians'
    print_table(title, rows)
    steps = time_steps(images)
    print_table('CPU time per image and step, in one process', steps)
    if args.plot:
        draw(rows, args.plot)
    if args.json:
        content = {
            'config': args.config,
            'batch_size': args.batch_size,
            'images': count,
            'repetitions': args.repeat,
            'plain interpolation': args.interpolation,
            'machine': machine,
            'speed': rows,
            'steps': steps,
        }
        write_json(args.json, content)


if __name__ == '__main__':
    main()
