backend_config = dict(
    type='tensorrt',
    common_config=dict(fp16_mode=False, max_workspace_size=1 << 30),
    model_inputs=[
        dict(
            input_shapes=dict(
                input=dict(
                    min_shape=[1, 3, 448, 448],
                    opt_shape=[1, 3, 448, 448],
                    max_shape=[1, 3, 448, 448],
                )
            )
        )
    ],
)
