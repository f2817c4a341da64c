# SRN on ResNet-101 and images of 224 pixels. Nothing of the recipe is in the
# public code, all of it is our choice; every stage of the training takes it.
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='ResNet',
        depth=101,
        num_stages=4,
        out_indices=(2, 3),
        style='pytorch',
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/resnet/resnet101_8xb32_in1k_20210831-539c63f8.pth',
            prefix='backbone',
        ),
    ),
    head=dict(
        type='SRNHead',
        num_classes=80,
        in_channels=(1024, 2048),
        map_size=14,
        hidden_channels=512,
        num_kernels=4,
        stage='joint',
    ),
)

train_pipeline_224 = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiScaleCrop',
        resize=256,
        crop_sizes=(256, 224, 192, 168, 128),
        size=224,
        interpolation='bilinear',
        backend='pillow',
    ),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]

# the whole image, whatever its shape, as the public code tests
test_pipeline_224 = [
    dict(type='LoadImageFromFile'),
    dict(
        type='Resize',
        scale=(224, 224),
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
    type='MultiStepLR', by_epoch=True, milestones=[10, 15], gamma=0.1
)

train_cfg = dict(by_epoch=True, max_epochs=20, val_interval=1)
val_cfg = dict()
test_cfg = dict()

# `--auto-scale-lr` scales the learning rate by the actual batch over this
auto_scale_lr = dict(base_batch_size=96)

custom_hooks = []
