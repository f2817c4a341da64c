"""An untrained SRDL model and a loader of a few images with boxes."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain import get_model

from mmsrdl import register_all_modules
from mmsrdl.datasets.synthetic_voc import write_synthetic_voc

CONFIGS = Path(__file__).parents[2] / 'configs'
CLASSES = ['car', 'house', 'moon', 'sun', 'tree']


def make_voc(root, name='srdl', **options):
    """Make a model of a quickstart config, and a loader of eight images.

    Args:
        root (Path): Folder for the data, made unless it is there.
        name (str): ``'srdl'`` or ``'gmp'``.
        **options: Merged into the config, dotted keys allowed.
    """
    register_all_modules()
    if not root.exists():
        write_synthetic_voc(root, 1, 0, 8, 64, CLASSES, num_workers=1)
    cfg = Config.fromfile(CONFIGS / f'quickstart/{name}_quickstart.py')
    settings = {
        'model.backbone.strides': (1, 2, 2, 1),
        'model.head.num_classes': 5,
        'data_preprocessor.num_classes': 5,
        'test_dataloader.dataset.data_root': str(root),
        'test_dataloader.dataset.classes': CLASSES,
        'test_dataloader.batch_size': 3,
    }
    if name == 'srdl':
        settings.update(
            {
                'model.neck.num_classes': 5,
                'model.neck.classes': CLASSES,
                'model.head.erasing.topk': 2,
            }
        )
    cfg.merge_from_dict({**settings, **options})
    torch.manual_seed(0)
    model = get_model(cfg)
    for parameter in list(model.head.parameters())[-2:]:
        torch.nn.init.normal_(parameter)
    return model, Runner.build_dataloader(cfg.test_dataloader)
