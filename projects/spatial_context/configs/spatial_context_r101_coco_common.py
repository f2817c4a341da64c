# The network on ResNet-101 in SRDL's recipe: same data, crops, schedule and
# frozen stages
_base_ = [
    '../../../configs/srdl/srdl_r101_coco.py',
    './_base_/box_pipeline.py',
]

custom_imports = dict(
    imports=['mmsrdl', 'projects.spatial_context.spatial_context'],
    allow_failed_imports=False,
)

model = dict(
    backbone=dict(out_indices=(0, 1, 2, 3)),
    neck=dict(
        _delete_=True,
        type='FeaturePyramid',
        in_channels=(256, 512, 1024, 2048),
        out_channels=256,
    ),
    head=dict(
        _delete_=True,
        type='SpatialContextHead',
        num_classes=80,
        in_channels=256,
    ),
)

train_pipeline = {{_base_.box_pipeline}}
train_dataloader = dict(
    dataset=dict(type='CocoWithBoxes', pipeline=train_pipeline)
)

custom_hooks = []
