# MCAR in SRDL's recipe: same data, crops, schedule and frozen stages
_base_ = '../../../configs/srdl/srdl_r101_coco.py'

custom_imports = dict(
    imports=['mmsrdl', 'projects.mcar.mcar'], allow_failed_imports=False
)

model = dict(
    type='MCARClassifier',
    neck=None,
    head=dict(
        _delete_=True,
        type='MCARHead',
        num_classes=80,
        in_channels=2048,
        pooling='avg',
    ),
)

custom_hooks = []
