# Visual Genome 500, 448 px, SSGRL's lists: 82,904 images for training and
# 10,000 for testing. VG_ROOT holds VG_100K and VG_100K_2, and the two files
# made by tools/dataset_converters/vg500_to_multilabel.py.
_base_ = './multilabel_json.py'

data_root = '{{$VG_ROOT:data/vg}}'

data_preprocessor = dict(num_classes=500)

train_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='vg500_train.json',
        data_prefix=dict(img_path=''),
        protocol='vg500',
    )
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='vg500_test.json',
        data_prefix=dict(img_path=''),
        protocol='vg500',
    )
)
test_dataloader = val_dataloader

val_evaluator = dict(ap='interpolated')
test_evaluator = val_evaluator
