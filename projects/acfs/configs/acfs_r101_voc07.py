_base_ = [
    './_base_/acfs_r101.py',
    '../../../configs/_base_/datasets/voc07_448px.py',
    '../../../configs/_base_/default_runtime.py',
]

custom_imports = dict(
    imports=['mmsrdl', 'projects.acfs.acfs'], allow_failed_imports=False
)

model = dict(head=dict(num_classes=20))

train_pipeline = {{_base_.train_pipeline_288}}
test_pipeline = {{_base_.test_pipeline_288}}
train_dataloader = dict(batch_size=24, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
