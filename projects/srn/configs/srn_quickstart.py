# SRN from scratch on the small network and scenes of the quickstart, all of it
# at once
_base_ = '../../../configs/quickstart/srdl_quickstart.py'

custom_imports = dict(
    imports=['mmsrdl', 'projects.srn.srn'], allow_failed_imports=False
)

model = dict(
    backbone=dict(out_indices=(2, 3)),
    neck=None,
    head=dict(
        _delete_=True,
        type='SRNHead',
        num_classes={{_base_.num_classes}},
        in_channels=(64, 128),
        map_size=12,
        hidden_channels=64,
    ),
)

# The kernels of the regulariser are as large as the map of 96 pixels.
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(96, 96)),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

custom_hooks = []
