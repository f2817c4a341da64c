_base_ = ['./_base_/multilabel_static.py', './_base_/tensorrt_static.py']

backend_config = dict(common_config=dict(fp16_mode=True))
