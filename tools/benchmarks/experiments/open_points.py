"""What the paper leaves open, one change of CAR at a time."""

title = 'Open points: CAR, VOC 2007, MobileNetV2, 224 px, 5 epochs'

_config = 'configs/srdl/ablations/car_mobilenet-v2_voc07-224px.py'
_changes = {
    'as configured': {},
    'map pooled by 2': {'model.neck.pool_stride': 2},
    '1 graph layer': {'model.neck.num_layers': 1},
    '3 graph layers': {'model.neck.num_layers': 3},
    'adjacency at random': {'model.neck.adjacency': 'random'},
    'symmetric normalisation': {'model.neck.normalization': 'symmetric'},
    'softmax normalisation': {'model.neck.normalization': 'softmax'},
    'coupled weight decay 5e-4': {
        'optim_wrapper.optimizer.weight_decay': 5e-4
    },
    'difficult labels left out': {
        'train_dataloader.dataset.difficult': 'ignore'
    },
}

rows = {
    name: dict(config=_config, options=options)
    for name, options in _changes.items()
}
