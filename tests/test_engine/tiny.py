"""A training run of a second: tiny images, tiny network, real parts."""

import json

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.runner import Runner

CLASSES = ('circle', 'square', 'cross')


def make_data(folder, count=12, size=32):
    """Write images of random noise with labels, as compact JSON."""
    rng = np.random.default_rng(0)
    entries = []
    for i in range(count):
        image = rng.integers(0, 255, (size, size, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f'{i}.png'), image)
        labels = np.flatnonzero(rng.integers(0, 2, len(CLASSES))).tolist()
        entries.append(dict(img_path=f'{i}.png', gt_label=labels))
    content = dict(metainfo=dict(classes=CLASSES), data_list=entries)
    (folder / 'labels.json').write_text(json.dumps(content))


def tiny_config(folder, work_dir, **options):
    """Config of a run over the data of :func:`make_data`.

    Args:
        folder (Path): Where the data is.
        work_dir (Path): For checkpoints and logs.
        **options: Merged into the config, dotted keys allowed.
    """
    config = Config.fromfile('configs/_base_/default_runtime.py')
    config.merge_from_dict(
        dict(
            work_dir=str(work_dir),
            model=dict(
                type='ImageClassifier',
                data_preprocessor=dict(
                    mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True
                ),
                backbone=dict(
                    type='ResNet',
                    depth=18,
                    stem_channels=8,
                    base_channels=8,
                    strides=(1, 1, 2, 1),
                ),
                neck=dict(
                    type='LabelGraphNeck',
                    num_classes=3,
                    classes=list(CLASSES),
                    embed_dims=16,
                    label_embedding='random',
                ),
                head=dict(
                    type='CARHead',
                    num_classes=3,
                    in_channels=64,
                    embed_dims=16,
                    hidden_channels=16,
                    erasing=dict(topk=1),
                ),
            ),
            train_dataloader=dict(
                batch_size=4,
                num_workers=0,
                persistent_workers=False,
                sampler=dict(type='DefaultSampler', shuffle=True),
                dataset=dict(
                    type='MultiLabelDataset',
                    data_root=str(folder),
                    ann_file='labels.json',
                    pipeline=[
                        dict(type='LoadImageFromFile'),
                        dict(type='RandomResizedCrop', scale=32),
                        dict(type='RandomFlip', prob=0.5),
                        dict(type='PackInputs'),
                    ],
                ),
            ),
            train_cfg=dict(by_epoch=True, max_epochs=2),
            optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.01)),
            default_hooks=dict(logger=dict(interval=1)),
            visualizer=dict(name=str(work_dir)),
            experiment_name=work_dir.name,
            log_level='WARNING',
        )
    )
    config.merge_from_dict(options)
    return config


def run(config):
    """Train as the config says.

    Returns:
        Runner: After training.
    """
    runner = Runner.from_cfg(config)
    runner.train()
    return runner
