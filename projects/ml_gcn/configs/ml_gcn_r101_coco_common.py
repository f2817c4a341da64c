# ML-GCN in SRDL's recipe: same data, crops, schedule, label vectors and frozen
# stages
_base_ = '../../../configs/srdl/srdl_r101_coco.py'

custom_imports = dict(
    imports=['mmsrdl', 'projects.ml_gcn.ml_gcn'], allow_failed_imports=False
)

model = dict(
    neck=dict(
        type='CorrelationNeck',
        cooccurrence={{_base_.train_dataloader.dataset}},
    ),
    head=dict(
        _delete_=True, type='MLGCNHead', num_classes=80, in_channels=2048
    ),
)

custom_hooks = []
