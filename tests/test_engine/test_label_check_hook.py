import pytest
import torch

from .tiny import CLASSES, make_data, run, tiny_config


@pytest.mark.parametrize(
    'options, message',
    [
        (
            {'model.neck.classes': ['square', 'circle', 'cross']},
            "order differs, first at index 0: 'square' in the neck, 'circle'",
        ),
        (
            {'model.neck.classes': ['circle', 'square', 'star']},
            r"only the neck has \['star'\], only the data set has \['cross'\]",
        ),
        ({'model.neck.label_embedding': None}, 'all zero'),
    ],
)
def test_refuses(tmp_path, options, message):
    make_data(tmp_path)
    with pytest.raises(ValueError, match=message):
        run(tiny_config(tmp_path, tmp_path / 'run', **options))


def test_accepts_an_embedding_from_a_checkpoint(tmp_path):
    make_data(tmp_path)
    path = tmp_path / 'start.pth'
    torch.save({'neck.label_embedding': torch.ones(3, 16)}, path)
    options = {'model.neck.label_embedding': None, 'load_from': str(path)}
    runner = run(tiny_config(tmp_path, tmp_path / 'run', **options))
    assert runner.model.neck.label_embedding.all()


def test_passes_models_without_a_label_graph(tmp_path):
    make_data(tmp_path)
    config = tiny_config(tmp_path, tmp_path / 'run')
    config.model.neck = dict(type='GlobalMaxPooling')
    config.model.head = dict(
        type='MultiLabelLinearClsHead',
        num_classes=len(CLASSES),
        in_channels=64,
    )
    assert run(config).epoch == 2
