# Test images resized as torchvision does by default, whatever their shape: of
# the methods whose public code trains so too.
bilinear_test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='Resize',
        scale=(448, 448),
        interpolation='bilinear',
        backend='pillow',
    ),
    dict(
        type='PackInputs',
        meta_keys=(
            'sample_idx',
            'img_path',
            'ori_shape',
            'img_shape',
            'scale_factor',
            'flip',
            'flip_direction',
            'gt_label_difficult',
        ),
    ),
]
