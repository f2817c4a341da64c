# SSGRL from scratch on the small network and scenes of the quickstart
_base_ = '../../../configs/quickstart/srdl_quickstart.py'

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
        num_classes={{_base_.num_classes}},
        in_channels=128,
        layer=dict(
            type='SemanticGraph',
            in_channels=128,
            out_channels=128,
            embed_dims=64,
            hidden_channels=64,
        ),
    ),
)

custom_hooks = []
