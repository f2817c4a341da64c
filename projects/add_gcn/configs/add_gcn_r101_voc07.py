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
# What is difficult to see is a positive in training, counts for nothing in AP
# and is a negative in the other measures, as in ML-GCN's code.
train_dataloader = dict(
    drop_last=True,
    dataset=dict(difficult='positive', pipeline=train_pipeline),
)
val_evaluator = dict(difficult=dict(_delete_=True, ap='ignore', f1='negative'))
test_evaluator = dict(
    difficult=dict(_delete_=True, ap='ignore', f1='negative')
)
