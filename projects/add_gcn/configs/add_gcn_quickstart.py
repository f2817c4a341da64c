# ADD-GCN from scratch on the small network and scenes of the quickstart
_base_ = '../../../configs/quickstart/srdl_quickstart.py'

custom_imports = dict(
    imports=['mmsrdl', 'projects.add_gcn.add_gcn'], allow_failed_imports=False
)

model = dict(
    neck=None,
    head=dict(
        _delete_=True,
        type='ADDGCNHead',
        num_classes={{_base_.num_classes}},
        in_channels=128,
        hidden_channels=64,
    ),
)

custom_hooks = []
