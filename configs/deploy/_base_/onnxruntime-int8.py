# Convolutions in 8 bits, for CPUs; MMDeploy has no such thing. The ranges
# come from training images.
backend_config = dict(type='onnxruntime', precision='int8')

calib_config = dict(num_images=100)
