# All stages of the backbone are trained, with BatchNorm synchronised
_base_ = './srdl_r101_coco.py'

model = dict(backbone=dict(frozen_stages=-1))
