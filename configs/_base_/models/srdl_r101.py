# SRDL on ResNet-101 (paper section 4.2). conv1 to layer3 are frozen, their
# BatchNorm in eval mode; layer4 and the head are trained.
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='ResNet',
        depth=101,
        num_stages=4,
        out_indices=(3,),
        style='pytorch',
        frozen_stages=3,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/resnet/resnet101_8xb32_in1k_20210831-539c63f8.pth',
            prefix='backbone',
        ),
    ),
    neck=dict(type='LabelGraphNeck', num_classes=80),
    head=dict(
        type='CARHead',
        num_classes=80,
        in_channels=2048,
        erasing=dict(topk=3, alpha=0.5),
    ),
)

# statistics of the trained BatchNorm over all GPUs, 2 images on each
sync_bn = 'torch'

custom_hooks = [dict(type='ObjectErasingHook')]
