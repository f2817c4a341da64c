_base_ = [
    './_base_/ssgrl_r101.py',
    '../../../configs/_base_/datasets/voc07_448px.py',
    '../../../configs/_base_/default_runtime.py',
]

custom_imports = dict(
    imports=['mmsrdl', 'projects.ssgrl.ssgrl'], allow_failed_imports=False
)

model = dict(
    neck=dict(
        num_classes=20,
        classes='voc',
        label_embedding='{{$LABEL_EMBEDDING_ROOT:data/label_embeddings}}/voc_glove-6b_300d.npz',
        cooccurrence={{_base_.train_dataloader.dataset}},
    ),
    head=dict(num_classes=20),
)

train_pipeline = {{_base_.crop_pipeline}}
test_pipeline = {{_base_.centre_pipeline}}

# difficult labels are negative, in training and in every measure
train_dataloader = dict(
    batch_size=4,
    dataset=dict(protocol='voc07-ssgrl', pipeline=train_pipeline),
)
val_dataloader = dict(
    dataset=dict(protocol='voc07-ssgrl', pipeline=test_pipeline)
)
test_dataloader = val_dataloader

val_evaluator = dict(ap='interpolated', difficult='negative')
test_evaluator = val_evaluator
