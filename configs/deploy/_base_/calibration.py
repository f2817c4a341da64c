# Training images, which say what to make of 8 bits. Only MMDeploy's TensorRT
# wants them in a file.
calib_config = dict(
    create_calib=True, calib_file='calib_data.h5', num_images=100
)
