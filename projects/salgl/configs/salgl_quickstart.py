# SALGL from scratch on the small network and scenes of the quickstart
_base_ = '../../../configs/quickstart/srdl_quickstart.py'

custom_imports = dict(
    imports=['mmsrdl', 'projects.salgl.salgl'], allow_failed_imports=False
)

model = dict(
    neck=dict(num_layers=0),
    head=dict(
        _delete_=True,
        type='SALGLHead',
        num_classes={{_base_.num_classes}},
        in_channels=128,
        embed_dims=64,
        num_scenes=3,
        hidden_channels=64,
        num_heads=4,
        feedforward_channels=128,
        # 100 of 128 images; see README.md
        batch_entropy_weight=6.25,
    ),
)

custom_hooks = []
