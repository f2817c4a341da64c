# CAR without channel attention
_base_ = '../srdl_mobilenet-v2_voc07-224px_measured.py'

model = dict(head=dict(channel_attention=False, erasing=None))

custom_hooks = []
