# Weights and sums in half precision; input and output stay float32, so that
# a client need not know.
backend_config = dict(
    type='onnxruntime',
    precision='fp16',
    common_config=dict(keep_io_types=True),
)
