"""Measure how fast and how small annotations load.

Makes an instances_*.json as large as that of COCO-2014 train, polygons
included, and converts it. Loads the first by pycocotools and the second by
MMPretrain's MultiLabelDataset and by MultiLabelJson, each in a process of its
own. Then loads a million images with 500 classes, and iterates through them
with worker processes. Needs Linux, for the memory of processes.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from _process_memory import memory, peak_memory
from _report import describe_machine, print_machine, print_table, write_json
from _synthetic_annotations import write_instances, write_large
from mmengine.logging import MMLogger
from mmpretrain.datasets import MultiLabelDataset
from pycocotools.coco import COCO
from torch.utils.data import DataLoader

from mmsrdl.datasets import MultiLabelJson
from mmsrdl.datasets.conversion import convert_coco


def parse_args() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument('--num-images', type=int, default=82783)
    parser.add_argument('--num-annotations', type=int, default=604907)
    parser.add_argument('--large-images', type=int, default=1_000_000)
    parser.add_argument('--large-classes', type=int, default=500)
    parser.add_argument(
        '--large-labels', type=int, default=5, help='of an image, on average'
    )
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument(
        '--start-methods', nargs='+', default=['fork', 'spawn'], help='of them'
    )
    parser.add_argument('--repeat', type=int, default=3)
    parser.add_argument('--json', help='file for the results')
    return parser.parse_args()


def load_by_pycocotools(folder: Path) -> COCO:
    """Load the instances."""
    return COCO(str(folder / 'instances_train2014.json'))


def load_by_mmpretrain(folder: Path) -> MultiLabelDataset:
    """Load the compact JSON by the upstream class."""
    return MultiLabelDataset(
        'train.json', data_root=str(folder), data_prefix='images'
    )


def load(folder: Path, **kwargs) -> MultiLabelJson:
    """Load the compact JSON, looking for all images."""
    return MultiLabelJson(
        'train.json', data_root=str(folder), data_prefix='images', **kwargs
    )


def load_unchecked(folder: Path) -> MultiLabelJson:
    """Load the compact JSON without looking for images."""
    return load(folder, check_images=False)


def measure(
    function: Callable, folder: Path, method: str | None, workers: int
) -> dict:
    """Time, and growth of the process, of one load; maybe of an epoch.

    Workers are started by a method of ``multiprocessing``, or None.
    """
    MMLogger.get_current_instance().setLevel('ERROR')
    before = memory()['rss']
    start, cpu = time.perf_counter(), time.process_time()
    kept = function(folder)
    row = dict(
        seconds=time.perf_counter() - start,
        cpu_seconds=time.process_time() - cpu,
        mb=memory()['rss'] - before,
        peak_mb=peak_memory() - before,
    )
    if isinstance(kept, MultiLabelJson):
        row['data_mb'] = kept.data_bytes.nbytes / 1e6
    if method:
        row.update(iterate(kept, method, workers))
    return row


class DenseTarget:
    """A pipeline that reads no image: the target of all classes."""

    transforms = ()

    def __init__(self, num_classes: int) -> None:
        self.num_classes = num_classes

    def __call__(self, info: dict) -> np.ndarray:
        """Make the target of one image, (C,) float32."""
        target = np.zeros(self.num_classes, np.float32)
        target[info['gt_label']] = 1
        return target


def iterate(dataset: MultiLabelJson, method: str, workers: int) -> dict:
    """Go through a data set with workers, and tell what they occupy."""
    dataset.pipeline = DenseTarget(len(dataset.metainfo['classes']))
    loader = DataLoader(
        dataset,
        batch_size=256,
        num_workers=workers,
        multiprocessing_context=method,
        persistent_workers=True,
    )
    start = time.perf_counter()
    batches = iter(loader)
    count = sum(len(next(batches)) for _ in range(2 * workers))
    pids = [worker.pid for worker in batches._workers]
    first = [memory(pid)['own'] for pid in pids]
    count += sum(len(batch) for batch in batches)
    assert count == len(dataset)
    last = [memory(pid)['own'] for pid in pids]
    return dict(
        epoch_seconds=time.perf_counter() - start,
        worker_own_mb=max(last),
        worker_growth_mb=max(np.subtract(last, first).tolist()),
    )


def in_new_process(*args) -> dict:
    """Run :func:`measure` in a process that has done nothing else."""
    with ProcessPoolExecutor(1, mp_context=get_context('spawn')) as pool:
        return pool.submit(measure, *args).result()


def compare(folder: Path, args: argparse.Namespace) -> tuple[list, dict]:
    """Measure the data set of COCO's size; rows, and ratios to pycocotools."""
    instances = folder / 'instances_train2014.json'
    write_instances(instances, args.num_images, args.num_annotations)
    start = time.perf_counter()
    convert_coco(instances, filter_empty=False).write(folder / 'train.json')
    seconds = time.perf_counter() - start
    sizes = {p.name: f'{p.stat().st_size:,}' for p in folder.iterdir()}
    print(f'Converted in {seconds:.1f} s; bytes of the files: {sizes}')
    (folder / 'images').mkdir()
    for image in json.loads((folder / 'train.json').read_text())['data_list']:
        (folder / 'images' / image['img_path']).touch()
    rows = []
    for name, function in (
        ('pycocotools COCO', load_by_pycocotools),
        ('MultiLabelDataset', load_by_mmpretrain),
        ('MultiLabelJson', load),
        ('MultiLabelJson, check_images=False', load_unchecked),
    ):
        runs = [
            in_new_process(function, folder, None, 0)
            for _ in range(args.repeat)
        ]
        row = {'loaded by': name}
        for key in runs[0]:
            row[key] = min(run[key] for run in runs)
        rows.append(row)
    ratios = {
        row['loaded by']: {
            key: rows[0][key] / row[key]
            for key in ('seconds', 'cpu_seconds', 'mb', 'peak_mb')
        }
        for row in rows[1:]
    }
    return rows, ratios


def measure_large(folder: Path, args: argparse.Namespace) -> list[dict]:
    """Measure the large data set, with forked and spawned workers."""
    write_large(
        folder / 'train.json',
        args.large_images,
        args.large_classes,
        args.large_labels,
    )
    return [
        {
            'workers': f'{args.workers}, by {method}',
            **in_new_process(load_unchecked, folder, method, args.workers),
        }
        for method in args.start_methods
    ]


def main() -> None:
    """Measure and report."""
    args = parse_args()
    machine = describe_machine()
    print_machine(machine)
    with tempfile.TemporaryDirectory() as folder:
        rows, ratios = compare(Path(folder), args)
    print_table(
        f'{args.num_images:,} images, {args.num_annotations:,} annotations; '
        'growth of the process in MB, least',
        rows,
    )
    for name, ratio in ratios.items():
        print(
            f'{name}: {ratio["seconds"]:.1f}x as fast as pycocotools '
            f'({ratio["cpu_seconds"]:.1f}x by CPU time), 1/{ratio["mb"]:.1f} '
            f'of the memory, 1/{ratio["peak_mb"]:.1f} at the peak'
        )
    with tempfile.TemporaryDirectory() as folder:
        large = measure_large(Path(folder), args)
    print_table(
        f'{args.large_images:,} images, {args.large_classes} classes, '
        f'{args.large_labels} labels each; MB',
        large,
    )
    if args.json:
        write_json(
            args.json,
            dict(
                machine=machine,
                arguments=vars(args),
                coco=rows,
                ratios=ratios,
                large=large,
            ),
        )


if __name__ == '__main__':
    main()
