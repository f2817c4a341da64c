# SRDL on MobileNetV2, for small machines. The stages before the last two are
# frozen, BatchNorm is in eval mode throughout.
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='MobileNetV2',
        widen_factor=1.0,
        out_indices=(7,),
        frozen_stages=5,
        norm_eval=True,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/mobilenet_v2/mobilenet_v2_batch256_imagenet_20200708-3b2dc3af.pth',
            prefix='backbone',
        ),
    ),
    neck=dict(type='LabelGraphNeck', num_classes=20),
    head=dict(
        type='CARHead',
        num_classes=20,
        in_channels=1280,
        erasing=dict(topk=3, alpha=0.5),
    ),
)

custom_hooks = [dict(type='ObjectErasingHook')]
