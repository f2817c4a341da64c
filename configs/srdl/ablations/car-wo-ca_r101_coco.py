# CAR without channel attention
_base_ = '../srdl_r101_coco.py'

model = dict(head=dict(channel_attention=False, erasing=None))

custom_hooks = []
