"""What is public of the recipes of papers, by method and data set.

Only facts that a paper or its code states are here. What was chosen for want
of one, which each method's README lists, is not.
"""

PILLOW = ('bilinear', 'pillow')
"""What torchvision's Resize and crops written for it do."""


def sgd(lr, backbone, weight_decay=1e-4):
    return dict(
        type='SGD', lr=lr, backbone=backbone, momentum=0.9, decay=weight_decay
    )


def steps(*milestones):
    return dict(type='MultiStepLR', milestones=[*milestones], gamma=0.1)


def square(side):
    return ('Resize', dict(scale=(side, side)))


ASPECT_CROP = (
    'MultiAspectCrop',
    dict(size=448, scales=(1.0, 0.875, 0.75, 0.66, 0.5), max_gap=2),
)
GRAPH_NETWORK = {
    'neck.label_embedding': ('C', 300),
    'head.gcn.layers.0.weight': (300, 1024),
    'head.gcn.layers.1.weight': (1024, 2048),
}
AT_448 = dict(
    clip=10,
    frozen=0,
    flip=0.5,
    test=[square(448)],
    resize=PILLOW,
    size=448,
    maps=[14],
)
AS_ML_GCN = dict(
    coco=dict(protocol='coco14', filter_empty=True, ap='area'),
    voc07=dict(
        protocol='voc07-ml-gcn',
        train_difficult='positive',
        difficult=dict(ap='ignore', f1='negative'),
        ap='area',
    ),
)

FACTS = dict(
    ml_gcn=dict(
        optimizer=sgd(0.01, 0.001),  # the paper's
        epochs=20,
        schedule=[],  # its step is at 30
        batch=32,
        train=[ASPECT_CROP],
        **AT_448,
        shapes=GRAPH_NETWORK,
        options={
            'neck.threshold': 0.4,
            'neck.share': 0.25,
            'neck.reverse': False,
        },
        **AS_ML_GCN,
    ),
    gcn_ms_sga=dict(
        train=[
            (
                'MultiAspectCrop',
                dict(scales=(1.0, 0.875, 0.75, 0.66), max_gap=1),
            )
        ],
        resize=PILLOW,
        shapes={
            **GRAPH_NETWORK,
            'head.transform.0.weight': (2048, 2048, 1, 1),
            'head.class_map.0.weight': ('C', 2048, 1, 1),
        },
        options={'neck.share': 0.4, 'neck.reverse': True},
    ),
    ssgrl=dict(
        optimizer=dict(type='Adam', lr=1e-5, backbone=1e-5, decay=0),
        clip=None,
        epochs=200,
        schedule=[],
        batch=4,
        frozen=4,  # the stem and three stages
        train=[
            (
                'MultiScaleCrop',
                dict(
                    resize=640,
                    crop_sizes=(640, 576, 512, 384, 320),
                    size=576,
                    single_resize=False,
                ),
            )
        ],
        flip=0,
        test=[square(640), ('CenterCrop', dict(crop_size=(576, 576)))],
        resize=PILLOW,
        size=576,
        maps=[9],
        shapes={
            'neck.label_embedding': ('C', 300),
            'head.layer.decoupling.w_1.weight': (1024, 2048),
            'head.layer.decoupling.w_2.weight': (1024, 300),
            'head.layer.graph.w_o.weight': (2048, 4096),
            'head.fc.weight': ('C', 2048),
        },
        options={'head.layer.graph.num_steps': 3},
        coco=dict(
            protocol='coco14-all', filter_empty=False, ap='interpolated'
        ),
        voc07=dict(
            protocol='voc07-ssgrl',
            train_difficult='negative',
            difficult=dict(ap='negative', f1='negative'),
            ap='interpolated',
        ),
    ),
    add_gcn=dict(
        optimizer=sgd(0.05, 0.005),
        epochs=50,
        schedule=steps(30, 40),
        batch=16,  # of all GPUs together
        drop_last=True,
        train=[square(512), ASPECT_CROP],
        **AT_448,
        shapes={
            'head.layer.scorer.weight': ('C', 2048),
            'head.layer.transform.weight': (1024, 2048),
            'head.graph.a_s': ('C', 'C'),
            'head.graph.w_s.weight': (1024, 1024),
            'head.graph.w_a.weight': ('C', 2048),
            'head.fc.weight': ('C', 1024),
        },
        **AS_ML_GCN,
    ),
    dsdl=dict(
        optimizer=sgd(0.01, 0.001),
        epochs=200,
        schedule=steps(40),
        batch=32,
        train=[square(512), ASPECT_CROP],
        **AT_448,
        shapes={
            'neck.label_embedding': ('C', 300),
            'head.dictionary.w_1': (300, 1024),
            'head.dictionary.w_2': (1024, 2048),
        },
        coco=dict(
            options={'head.ridge': 0.1, 'head.reconstruction_weight': 1e-6},
            **AS_ML_GCN['coco'],
        ),
        voc07=dict(
            options={'head.ridge': 10, 'head.reconstruction_weight': 1e-4},
            **AS_ML_GCN['voc07'],
        ),
    ),
    srn=dict(
        test=[square(224)],
        size=224,
        maps=[14, 7],
        shapes={
            'head.attention.0.weight': (512, 1024, 1, 1),
            'head.attention.2.weight': (512, 512, 3, 3),
            'head.attention.4.weight': ('C', 512, 1, 1),
            'head.regulariser.0.weight': (512, 'C', 1, 1),
            'head.regulariser.6.weight': (2048, 1, 14, 14),
            'head.regulariser.9.weight': ('C', 2048),
        },
        coco=dict(
            protocol='coco14-all', filter_empty=False, ap='interpolated'
        ),
    ),
    acfs=dict(
        coco=dict(  # the published code is of nothing else here
            optimizer=sgd(1e-3, 1e-3, 5e-4),
            clip=None,
            epochs=14,
            schedule=steps(6, 12),
            batch=24,
            frozen=0,
            train=[square(288)],
            flip=0,  # the model mirrors
            test=[square(288)],
            size=288,
            maps=[9],
            options={'head.flip_weight': 0.6, 'head.scale_weight': 0.8},
            protocol='coco14-all',
            filter_empty=False,
            ap='area',
        )
    ),
    mcar=dict(
        optimizer=sgd(0.01, 0.001),
        clip=None,
        epochs=60,
        schedule=steps(30, 50),
        batch=16,
        frozen=0,
        train=[
            square(448),
            (
                'ColorJitter',
                dict(
                    brightness=(0.7, 1.3),
                    contrast=(0.7, 1.3),
                    saturation=(0.7, 1.3),
                    hue=None,
                ),
            ),
        ],
        flip=0.5,
        test=[square(448)],
        resize=PILLOW,
        size=448,
        maps=[14],
        options={'num_regions': 4, 'alpha': 0.5},
        thr=0.6,
        **AS_ML_GCN,
    ),
    salgl=dict(  # its reproduction
        optimizer=dict(type='AdamW', lr=1e-4, backbone=1e-4, decay=1e-2),
        clip=None,
        epochs=80,
        schedule=dict(type='OneCycleLR', eta_max=1e-4, pct_start=0.2),
        batch=128,
        frozen=0,
        train=[
            square(448),
            ('Cutout', dict(shape=224, prob=1.0)),
            ('RandAugment', dict(num_policies=2)),
        ],
        flip=0.5,
        test=[square(448)],
        resize=PILLOW,
        size=448,
        maps=[14],
        shapes={
            'neck.label_embedding': ('C', 768),
            'head.encoder.linear1.weight': (2048, 2048),
            'head.scene.weight': (6, 2048),
            'head.decoupling.w_2.weight': (1024, 768),
        },
        options={
            'head.assignment': 'hard',
            'head.encoder.self_attn.num_heads': 8,
            'head.memory.normalize': True,
            'head.memory.ignore_self': False,
            'head.image_entropy_weight': 1,
            'head.batch_entropy_weight': 100,
            'head.loss_module.gamma_neg': 2,
            'head.loss_module.gamma_pos': 0,
        },
        ap='interpolated',
        coco=dict(protocol='coco14', filter_empty=True),
        voc07=dict(
            protocol='voc07',
            train_difficult='negative',
            difficult=dict(ap='ignore', f1='ignore'),
        ),
    ),
)
