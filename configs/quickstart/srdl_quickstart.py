# SRDL from scratch in minutes on a CPU, on the synthetic scenes that
# tools/dataset_converters/make_synthetic_voc.py renders.
_base_ = '../_base_/default_runtime.py'

classes = [
    'balloon', 'boat', 'butterfly', 'car', 'cloud', 'fish', 'flower', 'house',
    'moon', 'mushroom', 'planet', 'rocket', 'star', 'sun', 'tree', 'umbrella'
]  # fmt: skip
num_classes = len(classes)

data_preprocessor = dict(
    num_classes=num_classes,
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
)

# A quarter of ResNet-18's width; the last two stages keep the resolution, so
# that the attention has 12 x 12 cells.
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='ResNet',
        depth=18,
        stem_channels=16,
        base_channels=16,
        strides=(1, 2, 1, 1),
    ),
    neck=dict(
        type='LabelGraphNeck',
        num_classes=num_classes,
        classes=classes,
        embed_dims=64,
        label_embedding='random',
    ),
    head=dict(
        type='CARHead',
        num_classes=num_classes,
        in_channels=128,
        embed_dims=64,
        hidden_channels=64,
        erasing=dict(topk=3, alpha=0.5),
        # From scratch, spatial attention has to begin low: then it rises at
        # the objects alone. At 0.5 nothing ever lowers it in the background.
        init_cfg=dict(
            type='Uniform',
            layer=[],
            override=dict(
                type='Uniform', name='f_s', a=-0.125, b=0.125, bias=-3
            ),
        ),
    ),
)

data_root = '{{$QUICKSTART_ROOT:data/quickstart}}'

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    # The scenes have this size; photos of other sizes may be predicted too.
    dict(
        type='Resize',
        scale=(96, 96),
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
            'gt_label_difficult',
        ),
    ),
]

train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='VOCMultiLabel',
        data_root=data_root,
        split='train',
        classes=classes,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=50,
    num_workers=0,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VOCMultiLabel',
        data_root=data_root,
        split='val',
        classes=classes,
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=50,
    num_workers=0,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VOCMultiLabel',
        data_root=data_root,
        split='test',
        classes=classes,
        test_mode=True,
        pipeline=test_pipeline,
    ),
)

val_evaluator = dict(type='MultiLabelRecognitionMetric')
test_evaluator = val_evaluator

optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0),
    clip_grad=dict(max_norm=5),
)
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.05,
        by_epoch=True,
        end=1,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        by_epoch=True,
        begin=1,
        end=14,
        T_max=13,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(by_epoch=True, max_epochs=14, val_interval=2)
val_cfg = dict()
test_cfg = dict()

auto_scale_lr = dict(base_batch_size=8)

default_hooks = dict(
    logger=dict(interval=100),
    checkpoint=dict(max_keep_ckpts=1),
)
# Erasing helps a model that finds the objects already.
custom_hooks = [dict(type='ObjectErasingHook', begin=8)]
