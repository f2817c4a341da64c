# Own images, 448 px: DATA_ROOT holds train.json and val.json in the format of
# MultiLabelJson and the folder `images`. The class names are in the files; set
# the number of classes in `model` and, for MixUp and the like, in
# `data_preprocessor`.
#
# Options of the data set: `difficult` ('negative', 'positive' or 'ignore') for
# `gt_label_difficult` in training; `check_images=False` not to look for all
# images first; `skip_file` for the list of what is left out, which is
# otherwise `skipped_<split>.txt` beside the log.
#
# Images in LMDB or tar files (tools/dataset_converters/pack_images.py) or an
# object store: give LoadImageFromFile its `backend_args`, such as
# dict(backend='lmdb', db_path='data/custom/images.lmdb'),
# dict(backend='tar', shards='data/custom/images-*.tar'); `data_prefix` stays,
# or is the URL, such as 's3://bucket/images'.
dataset_type = 'MultiLabelJson'
data_root = '{{$DATA_ROOT:data/custom}}'

data_preprocessor = dict(
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiScaleCrop',
        resize=512,
        crop_sizes=(512, 448, 384, 320, 256),
        size=448,
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
        scale=(448, 448),
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

train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    # Workers live for one epoch, so that each epoch has its own seed and a
    # resumed run draws what the uninterrupted one would have drawn.
    persistent_workers=False,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='train.json',
        data_prefix=dict(img_path='images'),
        pipeline=train_pipeline,
    ),
)

val_dataloader = dict(
    batch_size=16,
    num_workers=4,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='val.json',
        data_prefix=dict(img_path='images'),
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type='MultiLabelRecognitionMetric', ap='area', difficult='ignore'
)
test_evaluator = val_evaluator
