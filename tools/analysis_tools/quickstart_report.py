"""Complete the measures of the quickstart, and draw its curves and attention.

Reads and rewrites WORK_DIR/metrics.json, which tools/test.py wrote; writes
WORK_DIR/curves.png and WORK_DIR/attention/*.png.
"""

import argparse
from pathlib import Path

import mmengine
import numpy as np
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmpretrain import get_model

from mmsrdl import register_all_modules
from mmsrdl.apis import (
    attend_to_sample,
    draw_top_labels,
    load_matching_weights,
    localise_dataset,
)
from mmsrdl.evaluation import localisation_summary
from mmsrdl.visualization import plot_training_curves


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('config', help='path of the config')
    parser.add_argument('checkpoint', help='path of the checkpoint')
    parser.add_argument('work_dir', type=Path, help='folder of the run')
    parser.add_argument(
        '--train-seconds', type=int, help='how long the training took'
    )
    parser.add_argument(
        '--num-pictures', type=int, default=12, help='images to draw'
    )
    return parser.parse_args()


def chance_map(dataset: BaseDataset) -> float:
    """Return the mAP, in percent, that random scores have.

    It is the share of positives, of the images where a class is not only
    difficult, averaged over the classes.
    """
    positive, counted = np.zeros((2, len(dataset.metainfo['classes'])))
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        positive[info['gt_label']] += 1
        counted += 1
        counted[info['gt_label_difficult']] -= 1
    return 100 * float(np.mean(positive / counted))


def draw_pictures(
    model: BaseModel, dataset: BaseDataset, folder: Path, count: int
) -> None:
    """Draw the attention to the best labels, and what training would erase."""
    erasing = model.head.erasing
    classes = dataset.metainfo['classes']
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(min(count, len(dataset))):
        info, attention = attend_to_sample(model, dataset, index)
        figure = draw_top_labels(attention, classes, erasing.topk, erasing)
        figure.savefig(folder / f'{Path(info["img_path"]).stem}.png')


def main() -> None:
    args = parse_args()
    register_all_modules()
    cfg = Config.fromfile(args.config)
    model = get_model(cfg)
    load_matching_weights(model, args.checkpoint)
    loader = Runner.build_dataloader(cfg.test_dataloader)

    logs = sorted(args.work_dir.glob('*/vis_data/scalars.json'))
    plot_training_curves(logs[-1]).savefig(args.work_dir / 'curves.png')
    folder = args.work_dir / 'attention'
    draw_pictures(model, loader.dataset, folder, args.num_pictures)

    path = args.work_dir / 'metrics.json'
    measures = mmengine.load(path)
    measures = {key.split('/')[-1]: measures[key] for key in measures}
    labels = localise_dataset(model, loader)
    labels = labels.select(labels.score >= model.head.thr)
    located = localisation_summary(labels, model.head.num_classes)
    measures.update(
        chance_mAP=chance_map(loader.dataset),
        pointing_game=located['pointing'] or 0.0,
        pointing_game_labels=located['labels'],
        train_seconds=args.train_seconds,
    )
    mmengine.dump(measures, path, indent=2)
    print(
        f'mAP             {measures["mAP"]:.1f} %, '
        f'by chance {measures["chance_mAP"]:.1f} %\n'
        f'CF1, OF1        {measures["CF1"]:.1f} %, {measures["OF1"]:.1f} %\n'
        f'pointing game   {measures["pointing_game"]:.1f} % of the '
        f'{located["labels"]} labels predicted correctly\n'
        f'training        {args.train_seconds} s'
    )


if __name__ == '__main__':
    main()
