"""A classifier of a moment, and its checkpoint."""

import torch
from mmengine.config import Config
from mmpretrain import get_model

CLASSES = ('sun', 'moon', 'star')


def make_config(num_classes=3, **dataset):
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=(32, 32)),
        dict(type='PackInputs', meta_keys=('ori_shape', 'gt_label_difficult')),
    ]
    dataset = dict(type='MultiLabelDataset', pipeline=pipeline, **dataset)
    backbone = dict(type='ResNet', depth=18, stem_channels=8, base_channels=8)
    head = dict(
        type='MultiLabelLinearClsHead',
        num_classes=num_classes,
        in_channels=64,
        thr=0.4,
    )
    return Config(
        dict(
            model=dict(
                type='ImageClassifier',
                data_preprocessor=dict(
                    mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True
                ),
                backbone=backbone,
                neck=dict(type='GlobalAveragePooling'),
                head=head,
            ),
            test_dataloader=dict(dataset=dataset),
        )
    )


def make_checkpoint(path, num_classes=3, meta=None, prefix=''):
    torch.manual_seed(0)
    model = get_model(make_config(num_classes))
    for parameter in model.head.parameters():
        torch.nn.init.normal_(parameter)
    weights = {f'{prefix}{k}': v for k, v in model.state_dict().items()}
    torch.save(dict(meta=meta or {}, state_dict=weights), path)
    return str(path)
