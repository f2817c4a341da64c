# MCAR on ResNet-101 and the recipe of its code: SGD, batch 16, 60 epochs, all
# of the backbone trained at a tenth of the learning rate.
_base_ = '../../../../configs/_base_/pipelines/bilinear_448px.py'

model = dict(
    type='MCARClassifier',
    backbone=dict(
        type='ResNet',
        depth=101,
        num_stages=4,
        out_indices=(3,),
        style='pytorch',
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/resnet/resnet101_8xb32_in1k_20210831-539c63f8.pth',
            prefix='backbone',
        ),
    ),
    head=dict(
        type='MCARHead', num_classes=80, in_channels=2048, pooling='avg'
    ),
    num_regions=4,
    alpha=0.5,
)

# The image resized to a square whatever its shape, as for the test, mirrored,
# its colours changed by up to 30 %.
jitter_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='Resize',
        scale=(448, 448),
        interpolation='bilinear',
        backend='pillow',
    ),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3),
    dict(type='PackInputs'),
]

# statistics of the BatchNorm over all GPUs, our choice
sync_bn = 'torch'

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))),
)

param_scheduler = dict(
    type='MultiStepLR', by_epoch=True, milestones=[30, 50], gamma=0.1
)

train_cfg = dict(by_epoch=True, max_epochs=60, val_interval=1)
val_cfg = dict()
test_cfg = dict()

# `--auto-scale-lr` scales the learning rate by the actual batch over this
auto_scale_lr = dict(base_batch_size=16)

custom_hooks = []
