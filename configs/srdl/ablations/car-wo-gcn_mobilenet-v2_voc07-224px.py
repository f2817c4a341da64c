# CAR guided by the bare label embeddings
_base_ = '../srdl_mobilenet-v2_voc07-224px_measured.py'

model = dict(neck=dict(num_layers=0), head=dict(erasing=None))

custom_hooks = []
