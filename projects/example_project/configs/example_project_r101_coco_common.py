# The method in SRDL's recipe: same data, crops, schedule and frozen stages
_base_ = '../../../configs/srdl/srdl_r101_coco.py'

custom_imports = dict(
    imports=['mmsrdl', 'projects.example_project.example_project'],
    allow_failed_imports=False,
)

model = dict(
    neck=dict(_delete_=True, type='MixPooling', in_channels=2048),
    head=dict(
        _delete_=True,
        type='MultiLabelLinearHead',
        num_classes=80,
        in_channels=2048,
    ),
)

custom_hooks = []
