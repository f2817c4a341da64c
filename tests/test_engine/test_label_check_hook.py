import copy
import shutil
from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS, MODELS

from mmsrdl.engine.hooks import LabelCheckHook, label_check_hook
from mmsrdl.structures import LabelCooccurrence

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


@pytest.fixture
def counting(tmp_path):
    """A run whose neck counts the labels of the training data set."""
    make_data(tmp_path)
    config = tiny_config(tmp_path, tmp_path / 'run')
    dataset = config.train_dataloader.dataset
    dataset.type = 'MultiLabelJson'
    config.model.neck.update(
        type='CooccurrenceNeck', cooccurrence=copy.deepcopy(dataset)
    )
    shutil.copy(tmp_path / 'labels.json', tmp_path / 'other.json')
    return config


def check_counts(config):
    """Check as before training, which needs a head for this neck."""
    init_default_scope('mmpretrain')
    neck = MODELS.build(config.model.neck)
    neck.init_weights()
    dataset = DATASETS.build(config.train_dataloader.dataset)
    LabelCheckHook().before_train(
        SimpleNamespace(
            model=neck, train_dataloader=SimpleNamespace(dataset=dataset)
        )
    )


def test_refuses_counts_of_other_data(counting):
    """As of an inherited config that overrides the training data alone."""
    counting.train_dataloader.dataset.ann_file = 'other.json'
    with pytest.raises(
        ValueError,
        match='CooccurrenceNeck counted the labels of .*/labels.json, but the '
        'training data set is .*/other.json. Give the neck as `cooccurrence`',
    ):
        run(counting)


@pytest.mark.parametrize('other', [False, True])
@pytest.mark.parametrize(
    'wrapper',
    [
        lambda data: dict(type='RepeatDataset', dataset=data, times=2),
        lambda data: dict(type='ConcatDataset', datasets=[data]),
        lambda data: dict(
            type='ClassBalancedDataset', dataset=data, oversample_thr=0.9
        ),
        lambda data: dict(
            type='RepeatDataset',
            dataset=dict(type='ConcatDataset', datasets=[data]),
            times=2,
        ),
    ],
    ids=['repeat', 'join', 'balance', 'both'],
)
def test_compares_counts_through_wrappers(counting, wrapper, other):
    loader = counting.train_dataloader
    if other:
        loader.dataset.ann_file = 'other.json'
    loader.dataset = wrapper(loader.dataset)
    if other:
        with pytest.raises(ValueError, match=r'training data set is .*other'):
            check_counts(counting)
    else:
        check_counts(counting)


def test_refuses_to_train_on_more_than_was_counted(counting):
    loader = counting.train_dataloader
    other = dict(loader.dataset, ann_file='other.json')
    loader.dataset = dict(
        type='ConcatDataset', datasets=[loader.dataset, other]
    )
    with pytest.raises(
        ValueError, match=r'is .*/labels\.json, .*/other\.json'
    ):
        check_counts(counting)


@pytest.mark.parametrize(('indices', 'lines'), [(None, 0), (5, 1)])
def test_warns_of_counts_beyond_the_training(
    counting, indices, lines, monkeypatch
):
    warned = []
    monkeypatch.setattr(
        label_check_hook, 'print_log', lambda line, *_: warned.append(line)
    )
    counting.train_dataloader.dataset.indices = indices
    check_counts(counting)
    assert len(warned) == lines
    assert all('7 images more than the 5' in line for line in warned)


def test_a_file_of_counts_is_a_choice(counting, tmp_path):
    path = str(tmp_path / 'counts.npz')
    LabelCooccurrence.count([[0, 1]], CLASSES, 'elsewhere').save(path)
    counting.model.neck.cooccurrence = path
    check_counts(counting)


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
