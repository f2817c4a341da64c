# CAR without object erasing
_base_ = '../srdl_r101_voc07.py'

model = dict(head=dict(erasing=None))

custom_hooks = []
