# Baseline: GAP and a linear classifier, trained as SRDL is
_base_ = '../srdl_mobilenet-v2_voc07-224px_measured.py'

model = dict(
    neck=dict(_delete_=True, type='GlobalAveragePooling'),
    head=dict(
        _delete_=True,
        type='MultiLabelLinearHead',
        num_classes=20,
        in_channels=1280,
    ),
)

custom_hooks = []
