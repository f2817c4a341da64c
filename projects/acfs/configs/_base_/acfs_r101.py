# ACfs on ResNet-101 and the recipe of its code for COCO: 288 and 256 pixels,
# SGD, batch 24, 14 epochs, learning rate / 10 every 6.
model = dict(
    type='ACfsClassifier',
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
        type='ACfsHead',
        num_classes=80,
        in_channels=2048,
        flip_weight=0.6,
        scale_weight=0.8,
    ),
    scale=8 / 9,
)

# The whole image, whatever its shape. The model mirrors it.
train_pipeline_288 = [
    dict(type='LoadImageFromFile'),
    dict(
        type='Resize',
        scale=(288, 288),
        interpolation='bilinear',
        backend='pillow',
    ),
    dict(type='PackInputs'),
]

test_pipeline_288 = [
    dict(type='LoadImageFromFile'),
    dict(
        type='Resize',
        scale=(288, 288),
        interpolation='bilinear',
        backend='pillow',
    ),
    dict(
        type='PackInputs',
        meta_keys=(
            'sample_idx',
            'img_path',
            'ori_shape',
            'img_shape',
            'scale_factor',
            'flip',
            'flip_direction',
            'gt_label_difficult',
        ),
    ),
]

# statistics of the BatchNorm over all GPUs
sync_bn = 'torch'

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=5e-4)
)

param_scheduler = dict(
    type='MultiStepLR', by_epoch=True, milestones=[6, 12], gamma=0.1
)

train_cfg = dict(by_epoch=True, max_epochs=14, val_interval=1)
val_cfg = dict()
test_cfg = dict()

# `--auto-scale-lr` scales the learning rate by the actual batch over this
auto_scale_lr = dict(base_batch_size=24)

custom_hooks = [dict(type='PositiveRatioHook')]
