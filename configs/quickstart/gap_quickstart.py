# The other baseline: global average pooling
_base_ = './gmp_quickstart.py'

model = dict(neck=dict(_delete_=True, type='GlobalAveragePooling'))
