_base_ = [
    '../_base_/models/srdl_r101.py',
    '../_base_/datasets/nuswide_448px.py',
    '../_base_/schedules/adam_20e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    neck=dict(
        num_classes=81,
        classes='nuswide',
        label_embedding='{{$LABEL_EMBEDDING_ROOT:data/label_embeddings}}/nuswide_glove-6b_300d.npz',
    ),
    head=dict(num_classes=81),
)
