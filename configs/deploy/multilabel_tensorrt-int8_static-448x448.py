_base_ = [
    './_base_/multilabel_static.py',
    './_base_/tensorrt_static.py',
    './_base_/calibration.py',
]

# What is not in 8 bits may be in half precision by MMDeploy, which builds
# with both; the driver of mmsrdl leaves it in float32.
backend_config = dict(common_config=dict(fp16_mode=True, int8_mode=True))
