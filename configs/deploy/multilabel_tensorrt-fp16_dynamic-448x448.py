_base_ = ['./_base_/multilabel_dynamic-batch.py', './_base_/tensorrt-fp16.py']

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
    ]
)
