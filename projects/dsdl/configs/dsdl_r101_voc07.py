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
test_pipeline = {{_base_.bilinear_test_pipeline}}
# Difficult labels are positive in training, left out of AP, and negative for
# precision, recall and F1.
train_dataloader = dict(
    batch_size=32,
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
