# CAR without spatial attention
_base_ = '../srdl_mobilenet-v2_voc07-224px_measured.py'

model = dict(head=dict(spatial_attention=False, erasing=None))

custom_hooks = []
