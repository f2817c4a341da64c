# SAM of ADD-GCN in place of CAR: attention to each label, and its classifier
_base_ = '../srdl_r101_voc07.py'

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
            in_channels=2048,
            out_channels=1024,
        ),
    ),
)

custom_hooks = []
