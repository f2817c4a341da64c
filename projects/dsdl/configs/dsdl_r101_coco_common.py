# DSDL in SRDL's recipe: same data, crops, schedule, label vectors and frozen
# stages
_base_ = '../../../configs/srdl/srdl_r101_coco.py'

custom_imports = dict(
    imports=['mmsrdl', 'projects.dsdl.dsdl'], allow_failed_imports=False
)

model = dict(
    neck=dict(num_layers=0),
    head=dict(
        _delete_=True, type='DSDLHead', num_classes=80, in_channels=2048
    ),
)

custom_hooks = []
