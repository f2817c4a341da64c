"""How much object erasing erases (paper, Figure 6)."""

title = 'Object erasing: VOC 2007, MobileNetV2, 224 px, 5 epochs'

_config = 'configs/srdl/srdl_mobilenet-v2_voc07-224px_measured.py'

rows = {
    f'topk {topk}, alpha {alpha}': dict(
        config=_config,
        options={
            'model.head.erasing.topk': topk,
            'model.head.erasing.alpha': alpha,
        },
    )
    for topk, alpha in [
        *((topk, 0.5) for topk in range(1, 9)),
        *((3, step / 10) for step in range(1, 10) if step != 5),
    ]
}
