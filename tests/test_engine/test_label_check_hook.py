import pytest
import torch
from mmengine.runner import Runner
from mmpretrain.registry import MODELS

from mmsrdl.engine.hooks import LabelCheckHook

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
        (
            {'model.neck.classes': None, 'model.neck.num_classes': 5},
            'num_classes=5, but the training data set has 3',
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


@pytest.mark.parametrize('wrapper', ['ConcatDataset', 'RepeatDataset'])
def test_looks_through_wrappers(tmp_path, wrapper):
    make_data(tmp_path)
    classes = ['square', 'circle', 'cross']
    config = tiny_config(
        tmp_path, tmp_path / 'run', **{'model.neck.classes': classes}
    )
    dataset = config.train_dataloader.dataset
    config.train_dataloader.dataset = (
        dict(type=wrapper, datasets=[dataset])
        if wrapper == 'ConcatDataset'
        else dict(type=wrapper, dataset=dataset, times=2)
    )
    with pytest.raises(ValueError, match='order differs'):
        run(config)


def test_passes_data_sets_that_name_no_classes():
    class Loader:
        dataset = [1, 2]

    class Runner:
        train_dataloader = Loader
        model = torch.nn.Linear(1, 1)

    LabelCheckHook().before_train(Runner)


@pytest.mark.parametrize(
    ('classes', 'embedding', 'message'),
    [
        (CLASSES, None, 'label embedding of CooccurrenceNeck is all zero'),
        (CLASSES[:2], 'random', 'CooccurrenceNeck has num_classes=2'),
        (CLASSES[::-1], 'random', 'classes of CooccurrenceNeck and of the'),
    ],
)
def test_names_the_neck(classes, embedding, message):
    """Which is often one that a user derived."""

    class Dataset:
        metainfo = dict(classes=CLASSES)

    class Loader:
        dataset = Dataset

    class Runner:
        train_dataloader = Loader
        model = MODELS.build(
            dict(
                type='CooccurrenceNeck',
                num_classes=len(classes),
                classes=classes,
                label_embedding=embedding,
                cooccurrence='counts.npz',
            )
        )

    with pytest.raises(ValueError, match=message):
        LabelCheckHook().before_train(Runner)


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


@pytest.mark.parametrize(
    ('trained_on', 'message'),
    [
        (['square', 'circle', 'cross'], "index 0: 'square' in the trained"),
        (('circle', 'square', 'star'), r"trained model has \['star'\]"),
        (CLASSES[:2], r'only the data set has'),
        (tuple(CLASSES), None),
        (None, None),
    ],
)
def test_compares_the_test_with_the_training(tmp_path, trained_on, message):
    make_data(tmp_path)
    config = tiny_config(tmp_path, tmp_path / 'run')
    config.test_dataloader = dict(
        config.train_dataloader, sampler=dict(type='DefaultSampler')
    )
    config.test_evaluator = dict(type='MultiLabelRecognitionMetric')
    config.test_cfg = dict()
    state = MODELS.build(config.model).state_dict()
    meta = trained_on and dict(dataset_meta=dict(classes=trained_on))
    path = tmp_path / 'trained.pth'
    torch.save(dict(state_dict=state, meta=meta), path)
    config.load_from = str(path)
    runner = Runner.from_cfg(config)
    if message is None:
        assert 'multi-label/mAP' in runner.test()
    else:
        with pytest.raises(ValueError, match=message):
            runner.test()
