# SD of SSGRL in place of CAR: attention to each label, and its classifier
_base_ = '../srdl_r101_voc07.py'

model = dict(
    neck=dict(num_layers=0),
    head=dict(
        _delete_=True,
        type='CategoryFeatureHead',
        num_classes=20,
        in_channels=2048,
        layer=dict(
            type='SemanticDecoupling', in_channels=2048, embed_dims=300
        ),
    ),
)

custom_hooks = []
