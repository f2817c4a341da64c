# MCAR from scratch on the small network and scenes of the quickstart
_base_ = '../../../configs/quickstart/srdl_quickstart.py'

custom_imports = dict(
    imports=['mmsrdl', 'projects.mcar.mcar'], allow_failed_imports=False
)

model = dict(
    type='MCARClassifier',
    neck=None,
    head=dict(
        _delete_=True,
        type='MCARHead',
        num_classes={{_base_.num_classes}},
        in_channels=128,
        pooling='gwp',
    ),
)

custom_hooks = []
