"""A training and its measures, in a process of its own."""

import os
import sys
import time
from pathlib import Path

import torch
from _frozen_features import (
    FeatureLoader,
    store_features,
    use_stored_features,
)
from _measure import PeakMemory
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from mmsrdl import register_all_modules
from mmsrdl.apis import localise_dataset
from mmsrdl.evaluation import localisation_summary

MEASURES = ('mAP', 'CP', 'CR', 'CF1', 'OP', 'OR', 'OF1')


def prepare(text: str, folder: Path, views: int) -> dict[str, str]:
    """Store the features that a config needs.

    Args:
        text (str): The config.
        folder (Path): As of :func:`store_features`.
        views (int): Of each training image.

    Returns:
        dict[str, str]: The split, train or test, to the folder of its
        features.
    """
    register_all_modules()
    MMLogger.get_current_instance().setLevel('ERROR')
    cfg = Config.fromstring(text, '.py')
    return {
        split: str(store_features(cfg, split, folder, count))
        for split, count in (('train', views), ('test', 1))
    }


def train(
    text: str, work_dir: str, folders: dict[str, str], threads: int
) -> dict:
    """Train and measure, in a process of its own.

    Args:
        text (str): The config.
        work_dir (str): Folder for its log.
        folders (dict[str, str]): Of :func:`prepare`; empty to train from
            images.
        threads (int): Of PyTorch.

    Returns:
        dict: The measures.
    """
    torch.set_num_threads(threads)
    write_output_to(Path(work_dir) / 'output.txt')
    register_all_modules()
    images = Config.fromstring(text, '.py')
    images.work_dir = work_dir
    features = use_stored_features(images, folders) if folders else images
    runner = Runner.from_cfg(features)
    memory = PeakMemory(torch.device('cpu'))
    start = time.perf_counter()
    runner.train()
    seconds = time.perf_counter() - start
    peak = memory.read()
    measures = runner.test()
    result = {name: measures[f'multi-label/{name}'] for name in MEASURES}
    result['pointing'] = measure_pointing(runner, images)
    result['train_seconds'] = round(seconds, 1)
    result['peak_mib'] = round(peak)
    return result


def write_output_to(path: Path) -> None:
    """Send what this process says to a file, as others run beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w', encoding='utf-8') as file:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(file.fileno(), stream.fileno())


def measure_pointing(runner: Runner, images: Config) -> float | None:
    """Share of the predicted labels whose map peaks in an object, percent."""
    if images.test_dataloader.dataset.split != 'test':
        return None  # trainval's boxes may be those of the image
    loader = FeatureLoader(
        runner.test_dataloader,
        Runner.build_dataloader(images.test_dataloader),
    )
    labels = localise_dataset(runner.model.eval(), loader)
    labels = labels.select(labels.score >= 0.5)
    classes = images.data_preprocessor.num_classes
    return localisation_summary(labels, classes)['pointing']
