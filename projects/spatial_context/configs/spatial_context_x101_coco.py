_base_ = [
    './_base_/spatial_context.py',
    '../../../configs/_base_/datasets/coco14_448px.py',
    '../../../configs/_base_/default_runtime.py',
]

custom_imports = dict(
    imports=['mmsrdl', 'projects.spatial_context.spatial_context'],
    allow_failed_imports=False,
)

model = dict(head=dict(num_classes=80))

train_pipeline = {{_base_.box_pipeline}}
train_dataloader = dict(
    dataset=dict(type='CocoWithBoxes', pipeline=train_pipeline)
)
