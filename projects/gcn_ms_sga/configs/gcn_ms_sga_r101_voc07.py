_base_ = [
    './_base_/gcn_ms_sga_r101.py',
    '../../../configs/_base_/datasets/voc07_448px.py',
    '../../../configs/_base_/default_runtime.py',
]

custom_imports = dict(
    imports=['mmsrdl', 'projects.gcn_ms_sga.gcn_ms_sga'],
    allow_failed_imports=False,
)

model = dict(
    neck=dict(
        num_classes=20,
        classes='voc',
        label_embedding='{{$LABEL_EMBEDDING_ROOT:data/label_embeddings}}/voc_glove-6b_300d.npz',
        # labels that occur only as difficult do not count
        cooccurrence={{_base_.train_dataloader.dataset}},
    ),
    head=dict(num_classes=20),
)

# Difficult labels are positive in training, left out of AP, and negative for
# precision, recall and F1.
train_pipeline = {{_base_.aspect_pipeline}}
test_pipeline = {{_base_.bilinear_test_pipeline}}
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
