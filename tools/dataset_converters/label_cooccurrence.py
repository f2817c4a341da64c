"""Count which labels occur together in the training split of a config.

What counts is what training takes for present: unknown labels (-1) do not,
and difficult ones as the difficult policy of the data set says.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS

import mmsrdl  # noqa: F401  registers what configs name
from mmsrdl.datasets.label_counting import count_cooccurrence
from mmsrdl.structures import LabelCooccurrence, reweighted_adjacency


def parse_args() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Return the parser and its arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='Example: label_cooccurrence.py configs/srdl/srdl_r101_coco.py '
        'data/label_graphs/coco14_train.npz',
    )
    parser.add_argument('config', help='path of the config')
    parser.add_argument('out', help='.npz file to write')
    return parser, parser.parse_args()


def count(config: str) -> LabelCooccurrence:
    """Count over the data set of the train_dataloader."""
    cfg = Config.fromfile(config)
    if 'train_dataloader' not in cfg:
        raise ValueError(f'{config!r} has no train_dataloader.')
    init_default_scope('mmpretrain')
    counted = count_cooccurrence(DATASETS.build(cfg.train_dataloader.dataset))
    source = f'{Path(config).name}, training data {counted.source}'
    return replace(counted, source=source)


def main() -> None:
    """Write the file and print what ML-GCN would make of it."""
    parser, args = parse_args()
    if not Path(args.config).is_file():
        parser.exit(1, f'error: there is no config {args.config}\n')
    try:
        statistics = count(args.config)
        statistics.save(args.out)
    except (KeyError, OSError, TypeError, ValueError) as error:
        parser.exit(1, f'error: {error}\n')
    counts = statistics.counts.diagonal()
    print(
        f'{statistics.source}: {statistics.num_images} images, '
        f'{len(counts)} classes, {counts.sum() / statistics.num_images:.2f} '
        f'labels per image, {(counts == 0).sum()} classes without an image'
    )
    edges = reweighted_adjacency(statistics.conditional()) > 0
    np.fill_diagonal(edges, False)
    print(
        f'{edges.sum()} pairs with P(j|i) >= 0.4; '
        f'{(~edges.any(0)).sum()} of {len(counts)} classes have none that '
        'leads to them, so a graph of these alone tells them nothing'
    )
    print(f'Wrote {args.out}')


if __name__ == '__main__':
    main()
