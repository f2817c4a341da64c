# The method on the small network and the synthetic scenes of the quickstart
_base_ = '../../../configs/quickstart/srdl_quickstart.py'

custom_imports = dict(
    imports=['mmsrdl', 'projects.example_project.example_project'],
    allow_failed_imports=False,
)

model = dict(
    neck=dict(_delete_=True, type='MixPooling', in_channels=128),
    head=dict(
        _delete_=True,
        type='MultiLabelLinearHead',
        num_classes={{_base_.num_classes}},
        in_channels=128,
    ),
)

custom_hooks = []
