_base_ = './tensorrt_static.py'

backend_config = dict(
    model_inputs=[
        dict(
            input_shapes=dict(
                input=dict(
                    min_shape=[1, 3, 448, 448],
                    opt_shape=[8, 3, 448, 448],
                    max_shape=[32, 3, 448, 448],
                )
            )
        )
    ],
)
