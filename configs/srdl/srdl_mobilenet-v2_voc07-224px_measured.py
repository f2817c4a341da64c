# The variant whose result stands in configs/srdl/README.md: 224 px, 5 epochs,
# and ImageNet weights converted from TensorFlow, which see the image rotated
# by 180 degrees (its padding at the bottom and right is PyTorch's then).
_base_ = [
    '../_base_/models/srdl_mobilenet-v2.py',
    '../_base_/datasets/voc07_448px.py',
    '../_base_/default_runtime.py',
]

data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3)

model = dict(
    backbone=dict(
        init_cfg=dict(
            checkpoint='{{$WEIGHTS_ROOT:data/weights}}/mobilenet-v2_imagenet_rot180.pth'
        )
    ),
    neck=dict(
        classes='voc',
        label_embedding='{{$LABEL_EMBEDDING_ROOT:data/label_embeddings}}/voc_glove-6b_300d.npz',
    ),
)

# All sizes are half of the paper's.
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiScaleCrop',
        resize=256,
        crop_sizes=(256, 224, 192, 160, 128),
        size=224,
        interpolation='bicubic',
        backend='pillow',
    ),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=1.0, direction='diagonal'),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='Resize',
        scale=(224, 224),
        interpolation='bicubic',
        backend='pillow',
    ),
    dict(type='RandomFlip', prob=1.0, direction='diagonal'),
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

train_dataloader = dict(num_workers=2, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(num_workers=2, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

# No weight decay: that of the paper, 5e-4 coupled to Adam, would be as large
# as the gradient of the attention layers by the end (README.md has figures).
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-4))
param_scheduler = dict(
    type='OneCycleLR',
    eta_max=1e-4,
    total_steps=5,
    by_epoch=True,
    convert_to_iter_based=True,
)

train_cfg = dict(by_epoch=True, max_epochs=5, val_interval=5)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=16)
