# CAR without spatial attention
_base_ = '../srdl_r101_voc07.py'

model = dict(head=dict(spatial_attention=False, erasing=None))

custom_hooks = []
