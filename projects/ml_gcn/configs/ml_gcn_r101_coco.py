_base_ = [
    './_base_/ml_gcn_r101.py',
    '../../../configs/_base_/datasets/coco14_448px.py',
    '../../../configs/_base_/default_runtime.py',
]

custom_imports = dict(
    imports=['mmsrdl', 'projects.ml_gcn.ml_gcn'], allow_failed_imports=False
)

model = dict(
    neck=dict(
        num_classes=80,
        classes='coco',
        label_embedding='{{$LABEL_EMBEDDING_ROOT:data/label_embeddings}}/coco_glove-6b_300d.npz',
        cooccurrence={{_base_.train_dataloader.dataset}},
    ),
    head=dict(num_classes=80),
)

train_pipeline = {{_base_.aspect_pipeline}}
test_pipeline = {{_base_.bilinear_test_pipeline}}
# 4 GPUs x 8 images
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
