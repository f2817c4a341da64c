from types import SimpleNamespace

import pytest
import torch
from mmpretrain.registry import MODELS
from test_engine.tiny import CLASSES, make_data, tiny_config


@pytest.fixture(scope='session')
def deployable(tmp_path_factory):
    """Config, checkpoint and data of a tiny model that nobody trained.

    Its scores spread over the whole range.
    """
    folder = tmp_path_factory.mktemp('deployable')
    make_data(folder)
    cfg = tiny_config(folder, folder / 'work')
    dataset = dict(
        cfg.train_dataloader.dataset,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(32, 32)),
            dict(type='PackInputs'),
        ],
    )
    loader = dict(
        batch_size=4,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dataset,
    )
    metric = dict(type='MultiLabelRecognitionMetric')
    cfg.merge_from_dict(
        dict(
            val_dataloader=loader,
            val_evaluator=metric,
            val_cfg={},
            test_dataloader=loader,
            test_evaluator=metric,
            test_cfg={},
        )
    )
    config = folder / 'tiny.py'
    cfg.dump(config)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    torch.nn.init.normal_(model.head.classifier.weight, std=10)
    checkpoint = folder / 'tiny.pth'
    meta = dict(dataset_meta=dict(classes=CLASSES))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), checkpoint)
    return SimpleNamespace(
        config=config,
        checkpoint=checkpoint,
        image=folder / '0.png',
        folder=folder,
    )
