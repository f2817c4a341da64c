_base_ = ['./_base_/multilabel_static.py', './_base_/tensorrt_static.py']
