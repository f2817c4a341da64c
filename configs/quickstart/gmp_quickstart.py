# The baseline of srdl_quickstart.py: global max pooling and a linear
# classifier, everything else equal.
_base_ = './srdl_quickstart.py'

model = dict(
    neck=dict(_delete_=True, type='GlobalMaxPooling'),
    head=dict(
        _delete_=True,
        type='MultiLabelLinearClsHead',
        num_classes=16,
        in_channels=128,
        # the mean over the classes, as CARHead takes it
        loss=dict(
            type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1 / 16
        ),
    ),
)

custom_hooks = []
