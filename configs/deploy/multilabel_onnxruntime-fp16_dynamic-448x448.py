_base_ = [
    './_base_/multilabel_dynamic-batch.py',
    './_base_/onnxruntime-fp16.py',
]
