# DSDL from scratch on the small network and scenes of the quickstart
_base_ = '../../../configs/quickstart/srdl_quickstart.py'

custom_imports = dict(
    imports=['mmsrdl', 'projects.dsdl.dsdl'], allow_failed_imports=False
)

model = dict(
    neck=dict(num_layers=0),
    head=dict(
        _delete_=True,
        type='DSDLHead',
        num_classes={{_base_.num_classes}},
        in_channels=128,
        embed_dims=64,
        hidden_channels=128,
    ),
)

custom_hooks = []
