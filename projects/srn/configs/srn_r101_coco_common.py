# SRN in SRDL's recipe: same data, crops, schedule and frozen stages, all of it
# at once. At 448 pixels the map before layer4 has 28 x 28 cells.
_base_ = '../../../configs/srdl/srdl_r101_coco.py'

custom_imports = dict(
    imports=['mmsrdl', 'projects.srn.srn'], allow_failed_imports=False
)

model = dict(
    backbone=dict(out_indices=(2, 3)),
    neck=None,
    head=dict(
        _delete_=True,
        type='SRNHead',
        num_classes=80,
        in_channels=(1024, 2048),
        map_size=28,
    ),
)

custom_hooks = []
