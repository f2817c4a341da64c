# PASCAL VOC 2012, 448 px. The labels of its test split are not public: this
# trains on 5,717 images and tests on the 5,823 of val. Papers train on
# trainval (11,540) and send the scores of test (10,991) to the VOC server.
_base_ = './voc07_448px.py'

data_root = '{{$VOC12_ROOT:data/VOCdevkit/VOC2012}}'

train_dataloader = dict(
    dataset=dict(
        data_root=data_root, split='train', year='2012', protocol='voc12'
    )
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root, split='val', year='2012', protocol='voc12'
    )
)
test_dataloader = val_dataloader
