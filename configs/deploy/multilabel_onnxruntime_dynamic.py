_base_ = './multilabel_onnxruntime_dynamic-448x448.py'

# Images of any size, for pipelines that keep their shape.
onnx_config = dict(
    input_shape=None,
    dynamic_axes=dict(input={2: 'height', 3: 'width'}),
)
