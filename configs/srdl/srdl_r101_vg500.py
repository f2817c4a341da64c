# The names of the 500 classes are not published with their lists. If you have
# them, give them to the converter, and to the neck with their word vectors.
_base_ = [
    '../_base_/models/srdl_r101.py',
    '../_base_/datasets/vg500_448px.py',
    '../_base_/schedules/adam_20e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    neck=dict(num_classes=500, label_embedding='random'),
    head=dict(num_classes=500),
)
