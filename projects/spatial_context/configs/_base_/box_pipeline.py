# The data sets' own training pipeline, with the boxes.
box_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadBoxes'),
    dict(
        type='MultiScaleCrop',
        resize=512,
        crop_sizes=(512, 448, 384, 320, 256),
        size=448,
        interpolation='bicubic',
        backend='cv2',
        single_resize=True,
    ),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(
        type='PackInputs',
        algorithm_keys=('gt_bboxes', 'gt_bboxes_difficult'),
    ),
]
