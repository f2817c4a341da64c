# The baseline of srdl_mobilenet-v2_voc07-224px_measured.py: global max
# pooling and a linear classifier, everything else equal.
_base_ = './srdl_mobilenet-v2_voc07-224px_measured.py'

model = dict(
    neck=dict(_delete_=True, type='GlobalMaxPooling'),
    head=dict(
        _delete_=True,
        type='MultiLabelLinearHead',
        num_classes=20,
        in_channels=1280,
    ),
)

custom_hooks = []
