# GCN-MS-SGA at its single scale, from scratch on the small network and scenes
# of the quickstart
_base_ = '../../../configs/quickstart/srdl_quickstart.py'

custom_imports = dict(
    imports=['mmsrdl', 'projects.gcn_ms_sga.gcn_ms_sga'],
    allow_failed_imports=False,
)

model = dict(
    neck=dict(
        type='CorrelationNeck',
        share=0.4,
        reverse=True,
        cooccurrence={{_base_.train_dataloader.dataset}},
    ),
    head=dict(
        _delete_=True,
        type='SGAHead',
        num_classes={{_base_.num_classes}},
        in_channels=128,
        embed_dims=64,
        hidden_channels=64,
    ),
)

custom_hooks = []
