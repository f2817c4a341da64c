# The network on ResNeXt-101 and its feature pyramid. The slides give neither
# optimiser nor schedule, input size or options of the head: all are our
# choice.
_base_ = './box_pipeline.py'

model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='ResNeXt',
        depth=101,
        groups=32,
        width_per_group=4,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        style='pytorch',
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/resnext/resnext101_32x4d_b32x8_imagenet_20210506-e0fa3dd5.pth',
            prefix='backbone',
        ),
    ),
    neck=dict(
        type='FeaturePyramid',
        in_channels=(256, 512, 1024, 2048),
        out_channels=256,
    ),
    head=dict(
        type='SpatialContextHead',
        num_classes=80,
        in_channels=256,
        hidden_channels=1024,
        num_patches=16,
        expansion=2.0,
        pool_size=7,
        anchor_sizes=(1 / 12, 1 / 6, 1 / 3, 2 / 3),
        anchor_ratios=(0.5, 1.0, 2.0),
        num_candidates=256,
        max_overlap=0.5,
        negative_iou=0.3,
        positive_iou=0.5,
        location_weight=1.0,
        patch_weight=1.0,
    ),
)

# statistics of the BatchNorm over all GPUs
sync_bn = 'torch'

optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))),
    clip_grad=dict(max_norm=10),
)

param_scheduler = dict(
    type='MultiStepLR', by_epoch=True, milestones=[15], gamma=0.1
)

train_cfg = dict(by_epoch=True, max_epochs=20, val_interval=1)
val_cfg = dict()
test_cfg = dict()

# `--auto-scale-lr` scales the learning rate by the actual batch over this
auto_scale_lr = dict(base_batch_size=16)

custom_hooks = []
