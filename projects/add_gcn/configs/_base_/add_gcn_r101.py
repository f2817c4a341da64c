# ADD-GCN on ResNet-101 and the recipe of its code: SGD, 50 epochs, all of the
# backbone trained at a tenth of the learning rate, gradients of norm at most
# 10, batch 16 on all GPUs together.
_base_ = [
    '../../../../configs/_base_/pipelines/aspect_448px.py',
    '../../../../configs/_base_/pipelines/bilinear_448px.py',
]

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
    head=dict(
        type='ADDGCNHead',
        num_classes=80,
        in_channels=2048,
        hidden_channels=1024,
    ),
)

# statistics of the BatchNorm over all GPUs, our choice
sync_bn = 'torch'

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))),
    clip_grad=dict(max_norm=10),
)

param_scheduler = dict(
    type='MultiStepLR', by_epoch=True, milestones=[30, 40], gamma=0.1
)

train_cfg = dict(by_epoch=True, max_epochs=50, val_interval=1)
val_cfg = dict()
test_cfg = dict()

# `--auto-scale-lr` scales the learning rate by the actual batch over this
auto_scale_lr = dict(base_batch_size=16)

custom_hooks = []
