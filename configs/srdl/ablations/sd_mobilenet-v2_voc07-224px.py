# SD of SSGRL in place of CAR: attention to each label, and its classifier
_base_ = '../srdl_mobilenet-v2_voc07-224px_measured.py'

model = dict(
    neck=dict(num_layers=0),
    head=dict(
        _delete_=True,
        type='CategoryFeatureHead',
        num_classes=20,
        in_channels=1280,
        layer=dict(
            type='SemanticDecoupling', in_channels=1280, embed_dims=300
        ),
    ),
)

custom_hooks = []
