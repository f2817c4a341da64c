# PASCAL VOC 2007 at 224 px, for small machines: all sizes are half of those
# of the paper.
_base_ = './voc07_448px.py'

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
            # The metric decides what these labels count for.
            'gt_label_difficult',
        ),
    ),
]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
