# CAR without object erasing
_base_ = '../srdl_r101_coco.py'

model = dict(head=dict(erasing=None))

custom_hooks = []
