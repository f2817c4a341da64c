_base_ = [
    '../_base_/models/srdl_mobilenet-v2.py',
    '../_base_/datasets/voc07_448px.py',
    '../_base_/schedules/adam_20e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    neck=dict(
        classes='voc',
        label_embedding='{{$LABEL_EMBEDDING_ROOT:data/label_embeddings}}/voc_glove-6b_300d.npz',
    )
)

# The last layers of a small network need larger steps than layer4 of R101.
optim_wrapper = dict(optimizer=dict(lr=1e-4))
