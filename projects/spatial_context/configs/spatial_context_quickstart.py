# The network from scratch on the small backbone and scenes of the quickstart
_base_ = '../../../configs/quickstart/srdl_quickstart.py'

custom_imports = dict(
    imports=['mmsrdl', 'projects.spatial_context.spatial_context'],
    allow_failed_imports=False,
)

model = dict(
    backbone=dict(out_indices=(0, 1, 2, 3)),
    neck=dict(
        _delete_=True,
        type='FeaturePyramid',
        in_channels=(16, 32, 64, 128),
        out_channels=64,
    ),
    head=dict(
        _delete_=True,
        type='SpatialContextHead',
        num_classes={{_base_.num_classes}},
        in_channels=64,
        hidden_channels=128,
        num_patches=8,
        pool_size=4,
        num_candidates=64,
    ),
)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadBoxes'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(
        type='PackInputs',
        algorithm_keys=('gt_bboxes', 'gt_bboxes_difficult'),
    ),
]
train_dataloader = dict(
    dataset=dict(type='VOCWithBoxes', pipeline=train_pipeline)
)

custom_hooks = []
