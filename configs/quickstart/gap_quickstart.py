# The other baseline: global average pooling and a linear classifier.
_base_ = './srdl_quickstart.py'

model = dict(
    neck=dict(_delete_=True, type='GlobalAveragePooling'),
    head=dict(
        _delete_=True,
        type='MultiLabelLinearHead',
        num_classes=16,
        in_channels=128,
    ),
)

custom_hooks = []
