"""Measure whether a model looks at the objects whose labels it predicts.

For the labels that an image of the test data shows and the model predicts:
in how many the map of the label (its attention, or class activation map)
peaks in a box of the class (pointing), how much of the map is in the boxes
(energy), and how much of the image is, which chance would give (area). In
percent, for each class and for all.

Needs test data with boxes: VOCMultiLabel, CocoMultiLabel, or a data set of
your own with a method get_boxes(idx). Labels that only difficult objects or
crowds show are left out.
"""

import argparse
import csv
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import mmengine
from mmengine.config import Config, DictAction
from mmengine.device import get_device
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmpretrain import get_model
from torch.utils.data import DataLoader

from mmsrdl import register_all_modules
from mmsrdl.apis import load_matching_weights, localise_dataset
from mmsrdl.checkpoint import UnsafeCheckpointError
from mmsrdl.evaluation import (
    LocalisedLabels,
    localisation_columns,
    localisation_summary,
    localisation_table,
    match_labels,
)
from mmsrdl.evaluation.class_table import class_table
from mmsrdl.visualization import plot_localisation

PICTURES = ('.png', '.pdf', '.svg')


def parse_args() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='path of the config')
    parser.add_argument('checkpoint', help='path or address of a checkpoint')
    parser.add_argument(
        '--baseline',
        nargs=2,
        metavar=('CONFIG', 'CHECKPOINT'),
        help='another model, on the same test data, to compare with',
    )
    parser.add_argument(
        '--names',
        nargs='+',
        help='what to call the models; by default as their configs',
    )
    parser.add_argument(
        '--thr',
        type=float,
        help="least score of a predicted label; by default the head's, mostly "
        '0.5. 0 takes all labels that an image shows',
    )
    parser.add_argument('--json', help='file for all measures')
    parser.add_argument('--csv', help='file for the table of the classes')
    parser.add_argument(
        '--plot', help='file for a picture of it: .png, .pdf or .svg'
    )
    parser.add_argument('--device', help='by default the best there is')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings that replace those of the configs, as key=value, such '
        'as test_dataloader.dataset.indices=500 for the first 500 images',
    )
    args = parser.parse_args()
    args.models = [(args.config, args.checkpoint)]
    if args.baseline:
        args.models.append(tuple(args.baseline))
    for config, _ in args.models:
        if not os.path.isfile(config):
            parser.error(f'there is no config {config}')
    if args.names is None:
        args.names = [Path(config).stem for config, _ in args.models]
        if len(set(args.names)) < len(args.names):
            args.names[1] += ' (baseline)'
    elif len(set(args.names)) != len(args.models):
        parser.error(f'--names needs {len(args.models)} different names')
    if args.thr is not None and not 0 <= args.thr <= 1:
        parser.error(f'--thr must be in [0, 1], got {args.thr}')
    if args.plot and Path(args.plot).suffix not in PICTURES:
        parser.error(f'--plot must end in {", ".join(PICTURES)}')
    return args


def load(
    config: str, checkpoint: str, args: argparse.Namespace
) -> tuple[BaseModel, DataLoader]:
    """Return a model and its test data."""
    cfg = Config.fromfile(config)
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    model = get_model(cfg)
    load_matching_weights(model, checkpoint)
    model.to(args.device or get_device()).eval()
    return model, Runner.build_dataloader(cfg.test_dataloader)


def check_same_data(loaders: Sequence[DataLoader]) -> None:
    """Refuse models whose labels cannot be compared."""
    sizes = [len(loader.dataset) for loader in loaders]
    classes = [tuple(loader.dataset.metainfo['classes']) for loader in loaders]
    if len(set(sizes)) > 1 or len(set(classes)) > 1:
        raise ValueError(
            'The two configs test on different data: '
            f'{" and ".join(map(str, sizes))} images, of '
            f'{" and ".join(str(len(names)) for names in classes)} classes.'
        )


def find_threshold(model: BaseModel, thr: float | None) -> float:
    """Return the least score of a predicted label."""
    if thr is None:
        thr = getattr(model.head, 'thr', None)
    return 0.5 if thr is None else thr


def measure(args: argparse.Namespace) -> None:
    """Measure, print and write."""
    models, loaders = zip(
        *(load(*model, args) for model in args.models), strict=True
    )
    check_same_data(loaders)
    thresholds = [find_threshold(model, args.thr) for model in models]
    found = {}
    for name, model, loader, thr in zip(
        args.names, models, loaders, thresholds, strict=True
    ):
        labels = localise_dataset(model, loader)
        found[name] = labels.select(labels.score >= thr)
    dataset = loaders[0].dataset
    classes = dataset.metainfo['classes']
    rows, table = localisation_table(found, classes)
    print(class_table(rows, table))

    content = dict(
        dataset=type(dataset).__name__, images=len(dataset), models=[]
    )
    for name, (config, checkpoint), thr in zip(
        args.names, args.models, thresholds, strict=True
    ):
        summary = localisation_summary(found[name], len(classes))
        content['models'].append(
            dict(
                name=name,
                config=config,
                checkpoint=checkpoint,
                thr=thr,
                summary=summary,
            )
        )
    if len(found) > 1:
        content['common'] = compare(found, len(classes))
    lines = [('class', *table), *zip(rows, *table.values(), strict=True)]
    content['classes'] = [
        dict(zip(lines[0], line, strict=True))
        for line in lines[1 : len(classes) + 1]
    ]
    if args.json:
        make_folder(args.json)
        mmengine.dump(content, args.json, file_format='json', indent=2)
    if args.csv:
        make_folder(args.csv)
        with open(args.csv, 'w', encoding='utf-8-sig', newline='') as file:
            csv.writer(file).writerows(lines)
    if args.plot:
        make_folder(args.plot)
        columns = {
            name: localisation_columns(labels, len(classes))
            for name, labels in found.items()
        }
        plot_localisation(classes, columns).savefig(args.plot)


def compare(
    found: Mapping[str, LocalisedLabels], num_classes: int
) -> dict[str, dict]:
    """Print and return the measures of the labels that both predict."""
    common = match_labels(*found.values())
    print(f'\nOn the {len(common[0].label)} labels that both predict:')
    summaries = {}
    for name, labels in zip(found, common, strict=True):
        summary = localisation_summary(labels, num_classes)
        summaries[name] = summary
        if summary['labels']:
            print(
                f'{name}: pointing {summary["pointing"]:.1f} %, '
                f'energy {summary["energy"]:.1f} %'
            )
    return summaries


def make_folder(path: str) -> None:
    """Make the folder of a file."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)


def main() -> None:
    """Measure."""
    args = parse_args()
    register_all_modules()
    try:
        measure(args)
    except (OSError, RuntimeError, ValueError, UnsafeCheckpointError) as error:
        sys.exit(f'error: {error}')


if __name__ == '__main__':
    main()
