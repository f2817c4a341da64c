# ACfs in SRDL's recipe: same data, crops, schedule and frozen stages. The
# scales are 448 and 384 pixels, maps of 14 and 12 cells.
_base_ = '../../../configs/srdl/srdl_r101_coco.py'

custom_imports = dict(
    imports=['mmsrdl', 'projects.acfs.acfs'], allow_failed_imports=False
)

model = dict(
    type='ACfsClassifier',
    neck=None,
    head=dict(
        _delete_=True, type='ACfsHead', num_classes=80, in_channels=2048
    ),
    scale=6 / 7,
)

custom_hooks = [dict(type='PositiveRatioHook')]
