_base_ = ['./_base_/multilabel_static.py', './_base_/onnxruntime.py']
