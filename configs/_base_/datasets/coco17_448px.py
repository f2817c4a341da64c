# MS-COCO 2017, 448 px: the images of 2014 split anew, 117,266 for training and
# 4,952 for validation with at least one label.
_base_ = './coco14_448px.py'

train_dataloader = dict(
    dataset=dict(
        ann_file='annotations/instances_train2017.json',
        data_prefix=dict(img_path='train2017'),
        protocol='coco17',
    )
)
val_dataloader = dict(
    dataset=dict(
        ann_file='annotations/instances_val2017.json',
        data_prefix=dict(img_path='val2017'),
        protocol='coco17',
    )
)
test_dataloader = val_dataloader
