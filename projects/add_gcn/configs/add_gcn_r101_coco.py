_base_ = [
    './_base_/add_gcn_r101.py',
    '../../../configs/_base_/datasets/coco14_448px.py',
    '../../../configs/_base_/default_runtime.py',
]

custom_imports = dict(
    imports=['mmsrdl', 'projects.add_gcn.add_gcn'], allow_failed_imports=False
)

model = dict(head=dict(num_classes=80))

train_pipeline = {{_base_.crop_pipeline}}
test_pipeline = {{_base_.bilinear_test_pipeline}}
# The graph normalises over a batch: 82,081 images would leave one of one.
train_dataloader = dict(
    batch_size=16, drop_last=True, dataset=dict(pipeline=train_pipeline)
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
