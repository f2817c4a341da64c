# SAM of ADD-GCN in place of CAR: attention to each label, and its classifier
_base_ = '../srdl_mobilenet-v2_voc07-224px_measured.py'

model = dict(
    neck=None,
    head=dict(
        _delete_=True,
        type='CategoryFeatureHead',
        num_classes=20,
        in_channels=1024,
        layer=dict(
            type='SemanticAttention',
            num_classes=20,
            in_channels=1280,
            out_channels=1024,
        ),
    ),
)

custom_hooks = []
