_base_ = [
    './_base_/mcar_r101.py',
    '../../../configs/_base_/datasets/coco14_448px.py',
    '../../../configs/_base_/default_runtime.py',
]

custom_imports = dict(
    imports=['mmsrdl', 'projects.mcar.mcar'], allow_failed_imports=False
)

model = dict(head=dict(num_classes=80))

train_pipeline = {{_base_.jitter_pipeline}}
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
