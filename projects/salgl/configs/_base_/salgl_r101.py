# SALGL on ResNet-101 and the recipe of its reproduction: AdamW, one cycle,
# batch 128, at most 80 epochs, all of the backbone trained.
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
    # the label vectors as they are: the graph is that of the head
    neck=dict(
        type='LabelGraphNeck', num_classes=80, embed_dims=768, num_layers=0
    ),
    head=dict(
        type='SALGLHead',
        num_classes=80,
        in_channels=2048,
        embed_dims=768,
        num_scenes=6,
        assignment='hard',
        normalize=True,
        ignore_self=False,
        image_entropy_weight=1.0,
        batch_entropy_weight=100.0,
        loss=dict(
            type='AsymmetricLoss',
            gamma_pos=0.0,
            gamma_neg=2.0,
            clip=0.0,
            eps=1e-5,
            loss_weight=1000.0,
        ),
    ),
)

# The whole image, whatever its shape, mirrored, a square of half its side
# hidden; then two of 15 changes, each with probability 0.5 and a strength drawn
# anew.
cutout_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='Resize',
        scale=(448, 448),
        interpolation='bilinear',
        backend='pillow',
    ),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='Cutout', shape=224, prob=1.0),
    dict(
        type='RandAugment',
        policies='timm_increasing',
        num_policies=2,
        magnitude_level=9,
        magnitude_std='inf',
    ),
    dict(type='PackInputs'),
]

# statistics of the BatchNorm over all GPUs, our choice
sync_bn = 'torch'

# in mixed precision with `--amp`, as published
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-2))

param_scheduler = dict(
    type='OneCycleLR',
    eta_max=1e-4,
    pct_start=0.2,
    total_steps=80,
    by_epoch=True,
    convert_to_iter_based=True,
)

train_cfg = dict(by_epoch=True, max_epochs=80, val_interval=1)
val_cfg = dict()
test_cfg = dict()

# 4 GPUs x 32 images; `--auto-scale-lr` scales the learning rate by the actual
# batch over this
auto_scale_lr = dict(base_batch_size=128)

custom_hooks = [
    # Decay 0.9997, of the counts of the scenes as well.
    dict(type='EMAHook', momentum=3e-4, update_buffers=True),
    # Ends after 5 epochs without a gain: the published run had its best epoch
    # 21 and ended at 26.
    dict(
        type='EarlyStoppingHook',
        monitor='multi-label/mAP',
        rule='greater',
        min_delta=0.0,
        patience=5,
    ),
]
