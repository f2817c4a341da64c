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
test_pipeline = {{_base_.bilinear_test_pipeline}}
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

# the published threshold
val_evaluator = dict(thr=0.6)
test_evaluator = val_evaluator
