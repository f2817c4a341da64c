_base_ = [
    './_base_/add_gcn_r101.py',
    '../../../configs/_base_/datasets/voc07_448px.py',
    '../../../configs/_base_/default_runtime.py',
]

custom_imports = dict(
    imports=['mmsrdl', 'projects.add_gcn.add_gcn'], allow_failed_imports=False
)

model = dict(head=dict(num_classes=20))

train_pipeline = {{_base_.crop_pipeline}}
test_pipeline = {{_base_.bilinear_test_pipeline}}
# Difficult labels are positive in training, left out of AP, and negative for
# precision, recall and F1.
train_dataloader = dict(
    drop_last=True,
    dataset=dict(
        protocol='voc07-ml-gcn', difficult='positive', pipeline=train_pipeline
    ),
)
val_dataloader = dict(
    dataset=dict(protocol='voc07-ml-gcn', pipeline=test_pipeline)
)
test_dataloader = val_dataloader
val_evaluator = dict(difficult=dict(_delete_=True, ap='ignore', f1='negative'))
test_evaluator = val_evaluator
