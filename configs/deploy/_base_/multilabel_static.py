# One graph, the same for MMDeploy and for the driver of mmsrdl.
onnx_config = dict(
    type='onnx',
    export_params=True,
    keep_initializers_as_inputs=False,
    opset_version=17,
    save_file='end2end.onnx',
    input_names=['input'],
    output_names=['output'],
    # (width, height), which the test pipeline of the model has to give
    input_shape=(448, 448),
    # The passes are not in the wheel of MMDeploy.
    optimize=False,
)

codebase_config = dict(
    type='mmpretrain', task='Classification', module=['mmsrdl.deploy']
)
