# ML-GCN on ResNet-101 and the recipe of its code: SGD, batch 32, 20 epochs
# without decay, all of the backbone trained at a tenth of the learning rate,
# which is the paper's.
_base_ = '../../../../configs/_base_/pipelines/bilinear_448px.py'

model = dict(
    type='ImageClassifier',
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
    neck=dict(
        type='CorrelationNeck', num_classes=80, threshold=0.4, share=0.25
    ),
    head=dict(type='MLGCNHead', num_classes=80, in_channels=2048),
)

# of the image as it is, whatever its size
aspect_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiAspectCrop',
        size=448,
        scales=(1.0, 0.875, 0.75, 0.66, 0.5),
        max_gap=2,
        interpolation='bilinear',
        backend='pillow',
    ),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]

# statistics of the BatchNorm over all GPUs, our choice
sync_bn = 'torch'

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))),
    clip_grad=dict(max_norm=10),
)

param_scheduler = []

train_cfg = dict(by_epoch=True, max_epochs=20, val_interval=1)
val_cfg = dict()
test_cfg = dict()

# `--auto-scale-lr` scales the learning rate by the actual batch over this
auto_scale_lr = dict(base_batch_size=32)

custom_hooks = []
