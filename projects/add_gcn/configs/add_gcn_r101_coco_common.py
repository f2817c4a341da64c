# ADD-GCN in SRDL's recipe: same data, crops, schedule and frozen stages
_base_ = '../../../configs/srdl/srdl_r101_coco.py'

custom_imports = dict(
    imports=['mmsrdl', 'projects.add_gcn.add_gcn'], allow_failed_imports=False
)

model = dict(
    neck=None,
    head=dict(
        _delete_=True, type='ADDGCNHead', num_classes=80, in_channels=2048
    ),
)

# the graph normalises over a batch: none of one image
train_dataloader = dict(drop_last=True)

custom_hooks = []
