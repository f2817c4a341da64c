# Baseline: GMP and a linear classifier, trained as SRDL is
_base_ = '../srdl_r101_coco.py'

model = dict(
    neck=dict(_delete_=True, type='GlobalMaxPooling'),
    head=dict(
        _delete_=True,
        type='MultiLabelLinearClsHead',
        num_classes=80,
        in_channels=2048,
        # the mean over the classes, as CARHead takes it
        loss=dict(
            type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1 / 80
        ),
    ),
)

custom_hooks = []
