# ACfs from scratch on the small network and scenes of the quickstart: 96 and
# 80 pixels
_base_ = '../../../configs/quickstart/srdl_quickstart.py'

custom_imports = dict(
    imports=['mmsrdl', 'projects.acfs.acfs'], allow_failed_imports=False
)

model = dict(
    type='ACfsClassifier',
    neck=None,
    head=dict(
        _delete_=True,
        type='ACfsHead',
        num_classes={{_base_.num_classes}},
        in_channels=128,
    ),
    scale=5 / 6,
)

custom_hooks = [dict(type='PositiveRatioHook')]
