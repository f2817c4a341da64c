# The baseline of srdl_quickstart.py: global max pooling and a linear
# classifier, everything else equal.
_base_ = './srdl_quickstart.py'

model = dict(
    neck=dict(_delete_=True, type='GlobalMaxPooling'),
    head=dict(
        _delete_=True,
        type='MultiLabelLinearHead',
        num_classes=16,
        in_channels=128,
    ),
)

custom_hooks = []
