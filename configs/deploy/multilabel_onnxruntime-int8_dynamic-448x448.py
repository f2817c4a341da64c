_base_ = [
    './_base_/multilabel_dynamic-batch.py',
    './_base_/onnxruntime-int8.py',
]
