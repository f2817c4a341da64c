# CAR guided by the bare label embeddings
_base_ = '../srdl_r101_coco.py'

model = dict(neck=dict(num_layers=0), head=dict(erasing=None))

custom_hooks = []
