# Baseline: GMP and a linear classifier, trained as SRDL is
_base_ = '../srdl_r101_coco.py'

model = dict(
    neck=dict(_delete_=True, type='GlobalMaxPooling'),
    head=dict(
        _delete_=True,
        type='MultiLabelLinearHead',
        num_classes=80,
        in_channels=2048,
    ),
)

custom_hooks = []
