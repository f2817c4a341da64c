_base_ = [
    './_base_/salgl_r101.py',
    '../../../configs/_base_/datasets/coco14_448px.py',
    '../../../configs/_base_/default_runtime.py',
]

custom_imports = dict(
    imports=['mmsrdl', 'projects.salgl.salgl'], allow_failed_imports=False
)

model = dict(
    neck=dict(
        num_classes=80,
        classes='coco',
        label_embedding='{{$LABEL_EMBEDDING_ROOT:data/label_embeddings}}/coco_bert-base_768d.npz',
    ),
    head=dict(num_classes=80),
)

train_pipeline = {{_base_.cutout_pipeline}}
test_pipeline = {{_base_.bilinear_test_pipeline}}
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(ap='interpolated')
test_evaluator = val_evaluator

# early stopping leaves the best behind
default_hooks = dict(
    checkpoint=dict(save_best='multi-label/mAP', rule='greater')
)
