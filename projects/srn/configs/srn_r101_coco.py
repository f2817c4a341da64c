_base_ = [
    './_base_/srn_r101.py',
    '../../../configs/_base_/datasets/coco14_448px.py',
    '../../../configs/_base_/default_runtime.py',
]

custom_imports = dict(
    imports=['mmsrdl', 'projects.srn.srn'], allow_failed_imports=False
)

model = dict(head=dict(num_classes=80))

train_pipeline = {{_base_.train_pipeline_224}}
test_pipeline = {{_base_.test_pipeline_224}}
# all images, those without a label included, as published
all_images = dict(filter_empty=False, protocol='coco14-all')
train_dataloader = dict(
    batch_size=24, dataset=dict(pipeline=train_pipeline, **all_images)
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline, **all_images))
test_dataloader = val_dataloader

# as published: that of VOC 2012
val_evaluator = dict(ap='interpolated')
test_evaluator = val_evaluator
