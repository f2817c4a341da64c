_base_ = [
    './_base_/ssgrl_r101.py',
    '../../../configs/_base_/datasets/coco14_448px.py',
    '../../../configs/_base_/default_runtime.py',
]

custom_imports = dict(
    imports=['mmsrdl', 'projects.ssgrl.ssgrl'], allow_failed_imports=False
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

train_pipeline = {{_base_.crop_pipeline}}
test_pipeline = {{_base_.centre_pipeline}}

# all images, those without a label too
everything = dict(filter_empty=False, protocol='coco14-all')
train_dataloader = dict(
    batch_size=4, dataset=dict(pipeline=train_pipeline, **everything)
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline, **everything))
test_dataloader = val_dataloader

val_evaluator = dict(ap='interpolated')
test_evaluator = val_evaluator
