_base_ = [
    './_base_/multilabel_dynamic-batch.py',
    './_base_/tensorrt_dynamic-batch.py',
]

backend_config = dict(common_config=dict(fp16_mode=True))
