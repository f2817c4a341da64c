"""The rate and length of training, chosen for all rows of parts.py."""

title = 'Recipe: VOC 2007, MobileNetV2, 224 px'

_configs = {
    'GMP': 'configs/srdl/gmp_mobilenet-v2_voc07-224px_measured.py',
    'CAR': 'configs/srdl/ablations/car_mobilenet-v2_voc07-224px.py',
}

rows = {
    f'{name}, {epochs} epochs, rate {rate:.0e}': dict(
        config=config,
        options={
            'optim_wrapper.optimizer.lr': rate,
            'train_cfg.max_epochs': epochs,
        },
    )
    for epochs in (5,)
    for rate in (1e-4, 2e-4, 4e-4)
    for name, config in _configs.items()
}
