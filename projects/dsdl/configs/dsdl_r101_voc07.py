_base_ = [
    './_base_/dsdl_r101.py',
    '../../../configs/_base_/datasets/voc07_448px.py',
    '../../../configs/_base_/default_runtime.py',
]

custom_imports = dict(
    imports=['mmsrdl', 'projects.dsdl.dsdl'], allow_failed_imports=False
)

model = dict(
    neck=dict(
        num_classes=20,
        classes='voc',
        label_embedding='{{$LABEL_EMBEDDING_ROOT:data/label_embeddings}}/voc_glove-6b_300d.npz',
    ),
    head=dict(num_classes=20, ridge=10, reconstruction_weight=1e-4),
)

train_pipeline = {{_base_.crop_pipeline}}
# What is difficult to see is a positive in training, counts for nothing in AP
# and is a negative in the other measures, as in ML-GCN's code.
train_dataloader = dict(
    batch_size=32,
    dataset=dict(difficult='positive', pipeline=train_pipeline),
)
val_evaluator = dict(difficult=dict(_delete_=True, ap='ignore', f1='negative'))
test_evaluator = dict(
    difficult=dict(_delete_=True, ap='ignore', f1='negative')
)
