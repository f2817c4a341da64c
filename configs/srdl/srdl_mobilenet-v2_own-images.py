# Your own images: DATA_ROOT holds train.json, val.json and the folder images
# (README.md shows the format). Name the classes as the files do, in order.
_base_ = [
    '../_base_/models/srdl_mobilenet-v2.py',
    '../_base_/datasets/multilabel_json.py',
    '../_base_/schedules/adam_20e.py',
    '../_base_/default_runtime.py',
]

classes = ['beach', 'boat', 'person']

data_preprocessor = dict(num_classes=len(classes))

model = dict(
    neck=dict(
        num_classes=len(classes),
        classes=classes,
        # random vectors need no file; better: word vectors of the names, made
        # by tools/dataset_converters/glove_to_label_embedding.py
        label_embedding='random',
    ),
    head=dict(num_classes=len(classes)),
)

optim_wrapper = dict(optimizer=dict(lr=1e-4))
