# MS-COCO 2014, 448 px, as in the SRDL paper: 82,081 training and 40,137
# validation images, those with at least one of the 80 labels.
dataset_type = 'CocoMultiLabel'
data_root = '{{$COCO_ROOT:data/coco}}'

data_preprocessor = dict(
    num_classes=80,
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
        # Several times as fast as Pillow, on average less than a grey level
        # from it at this size; Pillow's smoothing matters for large photos.
        backend='cv2',
        # Cut from the image itself: half a pixel off, twice as fast.
        single_resize=True,
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
    batch_size=2,  # 16 in total on 8 GPUs
    num_workers=4,
    # Workers live for one epoch, so that each epoch has its own seed and a
    # resumed run draws what the uninterrupted one would have drawn.
    persistent_workers=False,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/instances_train2014.json',
        data_prefix=dict(img_path='train2014'),
        filter_empty=True,
        protocol='coco14',
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
        ann_file='annotations/instances_val2014.json',
        data_prefix=dict(img_path='val2014'),
        filter_empty=True,
        protocol='coco14',
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='MultiLabelRecognitionMetric', ap='area')
test_evaluator = val_evaluator
