_base_ = [
    './_base_/multilabel_dynamic-batch.py',
    './_base_/tensorrt_dynamic-batch.py',
]
