# NUS-WIDE, 448 px: the labelled images of the official lists, 125,449 for
# training and 83,898 for testing, less those that Flickr has deleted since.
# NUSWIDE_ROOT holds the folder Flickr, and train.json and test.json, made by
# tools/dataset_converters/nuswide_to_multilabel.py.
_base_ = './multilabel_json.py'

data_root = '{{$NUSWIDE_ROOT:data/nuswide}}'

data_preprocessor = dict(num_classes=81)

train_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        data_prefix=dict(img_path='Flickr'),
        protocol='nuswide',
    )
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='test.json',
        data_prefix=dict(img_path='Flickr'),
        protocol='nuswide',
    )
)
test_dataloader = val_dataloader
