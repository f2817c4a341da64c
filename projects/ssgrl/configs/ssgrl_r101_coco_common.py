# SSGRL in SRDL's recipe: same data, crops, schedule, label vectors and frozen
# stages
_base_ = '../../../configs/srdl/srdl_r101_coco.py'

custom_imports = dict(
    imports=['mmsrdl', 'projects.ssgrl.ssgrl'], allow_failed_imports=False
)

model = dict(
    neck=dict(
        type='CooccurrenceNeck',
        cooccurrence={{_base_.train_dataloader.dataset}},
    ),
    head=dict(
        _delete_=True,
        type='CategoryFeatureHead',
        num_classes=80,
        in_channels=2048,
        layer=dict(type='SemanticGraph', in_channels=2048, out_channels=2048),
    ),
)

custom_hooks = []
