"""Compare how metrics bring the results of two processes together.

Both processes hold half of the scores of a data set. MMPretrain's pair of
multi-label metrics and ours process them and are evaluated, over gloo on the
CPU. Gathering is timed apart from measuring, and its bytes are counted.
"""

import argparse
import os
import pickle
import tempfile
import time
from pathlib import Path

import mmengine.evaluator.metric
import torch
from _report import describe_machine, print_machine, print_table, write_json
from mmengine.evaluator import BaseMetric
from mmpretrain.evaluation import AveragePrecision, MultiLabelMetric
from torch import distributed, multiprocessing

from mmsrdl.evaluation import MultiLabelRecognitionMetric
from mmsrdl.evaluation.metrics import multi_label_recognition

WORLD_SIZE = 2


def parse_args() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        '--num-images', type=int, default=40504, help='COCO 2014 val'
    )
    parser.add_argument('--num-classes', type=int, default=80)
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--repeat', type=int, default=1)
    parser.add_argument('--json', help='file for the results')
    args = parser.parse_args()
    for name in ('num_images', 'num_classes', 'batch_size', 'repeat'):
        if getattr(args, name) < 1:
            parser.error(f'--{name.replace("_", "-")} must be at least 1')
    return args


def make_batches(args: argparse.Namespace, rank: int) -> list[list[dict]]:
    """Make this rank's samples, of which 3.6 % of the labels are positive."""
    generator = torch.Generator().manual_seed(0)
    shape = args.num_images, args.num_classes
    ranks = [
        torch.randperm(shape[0], generator=generator) for _ in range(shape[1])
    ]
    targets = torch.rand(shape, generator=generator) < 0.036
    # No two scores are equal: MMPretrain would order them by chance.
    lead = shape[0] * 3 // 10 + 0.5
    scores = (torch.stack(ranks, 1) + lead * targets) / (2 * shape[0])
    samples = [
        dict(pred_score=score.clone(), gt_label=target.nonzero().flatten())
        for score, target in zip(
            scores[rank::WORLD_SIZE], targets[rank::WORLD_SIZE], strict=True
        )
    ]
    step = args.batch_size
    return [samples[i : i + step] for i in range(0, len(samples), step)]


def candidates() -> dict[str, list[BaseMetric]]:
    """Metrics by what they are called."""
    pairs = {
        f"MMPretrain, collect_device='{device}'": [
            AveragePrecision(collect_device=device),
            MultiLabelMetric(collect_device=device),
        ]
        for device in ('cpu', 'gpu')
    }
    # MMPretrain counts a class without a positive as 0.
    ours = MultiLabelRecognitionMetric(absent='zero')
    return {**pairs, 'mmsrdl': [ours]}


def stored_bytes(metric: BaseMetric) -> int:
    """Bytes of a rank's results in the form in which they travel."""
    if isinstance(metric, MultiLabelRecognitionMetric):
        return sum(t.nbytes for pair in metric.results for t in pair)
    return len(pickle.dumps(metric.results, protocol=2))


def measure(
    metrics: list[BaseMetric], batches: list[list[dict]], num_images: int
) -> dict[str, float]:
    """Process and evaluate once.

    Returns:
        dict[str, float]: Seconds of each step on this rank, bytes sent to the
        exchange by all ranks, and mAP in percent.
    """
    took = dict(process=0.0, gather=0.0, evaluate=0.0)

    def timed(step, function):
        def call(*args, **kwargs):
            start = time.perf_counter()
            result = function(*args, **kwargs)
            took[step] += time.perf_counter() - start
            return result

        return call

    places = [
        (mmengine.evaluator.metric, 'collect_results'),
        (multi_label_recognition, 'gather_batches'),
    ]
    originals = [getattr(*place) for place in places]
    for place, function in zip(places, originals, strict=True):
        setattr(*place, timed('gather', function))
    results = {}
    size = torch.zeros(1, dtype=torch.int64)
    for metric in metrics:
        for batch in batches:
            timed('process', metric.process)(None, batch)
        size += stored_bytes(metric)
        distributed.barrier()
        results.update(timed('evaluate', metric.evaluate)(num_images))
    for place, function in zip(places, originals, strict=True):
        setattr(*place, function)
    distributed.all_reduce(size)
    return {**took, 'bytes': size.item(), 'mAP': results['multi-label/mAP']}


def work(rank: int, args: argparse.Namespace, folder: str) -> None:
    """Measure all candidates in turn; the first rank keeps the best runs."""
    torch.set_num_threads(1)
    distributed.init_process_group(
        'gloo',
        init_method=f'file://{folder}/store',
        rank=rank,
        world_size=WORLD_SIZE,
    )
    batches = make_batches(args, rank)
    runs = {name: [] for name in candidates()}
    for _ in range(args.repeat):
        for name, metrics in candidates().items():
            runs[name].append(measure(metrics, batches, args.num_images))
    if rank == 0:
        torch.save(runs, f'{folder}/runs.pt')
    distributed.barrier()
    # Destroying the group may never end: PyTorch 2.1 holds the GIL there and
    # waits for a thread that needs it to free the last collective's tensors.
    os._exit(0)


def main() -> None:
    """Print and write the comparison."""
    args = parse_args()
    machine = describe_machine()
    print_machine(machine)
    with tempfile.TemporaryDirectory() as folder:
        multiprocessing.spawn(work, (args, folder), nprocs=WORLD_SIZE)
        runs = torch.load(Path(folder) / 'runs.pt', weights_only=True)
    rows = [
        {
            'metric': name,
            **{
                step: min(run[step] for run in parts)
                for step in ('process', 'gather', 'evaluate')
            },
            'MB': parts[0]['bytes'] / 1e6,
            'mAP': parts[0]['mAP'],
        }
        for name, parts in runs.items()
    ]
    ours = rows[-1]
    for row in rows:
        for column in ('gather', 'MB', 'evaluate'):
            row[f'{column} ratio'] = row[column] / ours[column]
    print_table(
        f'{args.num_images} images x {args.num_classes} classes, '
        f'{WORLD_SIZE} processes; seconds, best of {args.repeat}',
        rows,
    )
    maps = [row['mAP'] for row in rows]
    if max(maps) - min(maps) > 1e-3:
        raise SystemExit(f'error: the metrics disagree, mAP {maps}')
    if args.json:
        write_json(
            args.json,
            {'machine': machine, 'settings': vars(args), 'results': rows},
        )


if __name__ == '__main__':
    main()
