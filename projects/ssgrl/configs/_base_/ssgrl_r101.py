# SSGRL on ResNet-101 and the recipe of its code: 576 px, Adam without weight
# decay, batch 4, at most 200 epochs, of the backbone the last stage alone.
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='ResNet',
        depth=101,
        num_stages=4,
        out_indices=(3,),
        style='pytorch',
        frozen_stages=3,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/resnet/resnet101_8xb32_in1k_20210831-539c63f8.pth',
            prefix='backbone',
        ),
    ),
    # the group's ResNet pools its last map by 2, to 9 x 9
    neck=dict(type='CooccurrenceNeck', num_classes=80, pool_stride=2),
    head=dict(
        type='CategoryFeatureHead',
        num_classes=80,
        in_channels=2048,
        layer=dict(
            type='SemanticGraph',
            in_channels=2048,
            out_channels=2048,
            embed_dims=300,
            hidden_channels=1024,
            num_steps=3,
        ),
    ),
)

# not mirrored
crop_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiScaleCrop',
        resize=640,
        crop_sizes=(640, 576, 512, 384, 320),
        size=576,
        interpolation='bilinear',
        backend='pillow',
    ),
    dict(type='PackInputs'),
]
centre_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='Resize',
        scale=(640, 640),
        interpolation='bilinear',
        backend='pillow',
    ),
    dict(type='CenterCrop', crop_size=576),
    dict(
        type='PackInputs',
        meta_keys=(
            'sample_idx',
            'img_path',
            'ori_shape',
            'img_shape',
            'scale_factor',
            'gt_label_difficult',
        ),
    ),
]

optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-5))

param_scheduler = []

train_cfg = dict(by_epoch=True, max_epochs=200, val_interval=1)
val_cfg = dict()
test_cfg = dict()

# `--auto-scale-lr` scales the learning rate by the actual batch over this
auto_scale_lr = dict(base_batch_size=4)

custom_hooks = []
