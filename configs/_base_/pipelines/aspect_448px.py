# Training images: of a square 64 pixels larger than the result a rectangle,
# maybe mirrored.
crop_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='Resize',
        scale=(512, 512),
        interpolation='bilinear',
        backend='pillow',
    ),
    dict(
        type='MultiAspectCrop',
        size=448,
        scales=(1.0, 0.875, 0.75, 0.66, 0.5),
        max_gap=2,
        interpolation='bilinear',
        backend='pillow',
    ),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
