# CAR without object erasing
_base_ = '../srdl_mobilenet-v2_voc07-224px_measured.py'

model = dict(head=dict(erasing=None))

custom_hooks = []
