"""The neck that knows which labels occur together in training."""

import json

import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS
from ranks import run_ranks

from mmsrdl.structures import LabelCooccurrence

CLASSES = ['cat', 'dog', 'bird', 'tree', 'car']
LABELS = [[0, 1], [0, 1, 3], [0], [1], [3, 1], []]
"""Of images; no one shows a bird or a car."""


def write_dataset(folder):
    """Write a data set of these labels, and return its config."""
    entries = [
        dict(img_path=f'{i}.jpg', gt_label=labels)
        for i, labels in enumerate(LABELS)
    ]
    content = dict(metainfo=dict(classes=CLASSES), data_list=entries)
    path = folder / 'train.json'
    path.write_text(json.dumps(content))
    return dict(
        type='MultiLabelJson',
        ann_file=str(path),
        check_images=False,
        pipeline=[],
    )


@pytest.fixture
def dataset(tmp_path):
    return write_dataset(tmp_path)


@pytest.fixture
def file(tmp_path):
    path = str(tmp_path / 'cooccurrence.npz')
    LabelCooccurrence.count(LABELS, CLASSES, 'test').save(path)
    return path


def build(cooccurrence, classes=CLASSES, **kwargs):
    neck = MODELS.build(
        dict(
            type='CooccurrenceNeck',
            num_classes=5,
            classes=classes,
            embed_dims=6,
            label_embedding='random',
            cooccurrence=cooccurrence,
            **kwargs,
        )
    )
    assert not neck.adjacency.any()  # nothing is read before
    neck.init_weights()
    return neck


def count_by_hand(classes):
    """P(j|i), 0 of what no image shows."""
    table = np.zeros((5, 5))
    for row, first in enumerate(map(CLASSES.index, classes)):
        for column, second in enumerate(map(CLASSES.index, classes)):
            shown = [labels for labels in LABELS if first in labels]
            both = [labels for labels in shown if second in labels]
            table[row, column] = len(both) / max(len(shown), 1)
    return torch.tensor(table, dtype=torch.float32)


@pytest.mark.parametrize('source', ['dataset', 'file'])
@pytest.mark.parametrize('order', [[0, 1, 2, 3, 4], [3, 0, 4, 2, 1]])
def test_edges_are_of_the_classes_by_name(source, order, request):
    classes = [CLASSES[i] for i in order]
    neck = build(request.getfixturevalue(source), classes)
    torch.testing.assert_close(neck.adjacency, count_by_hand(classes))
    assert neck.adjacency[order.index(0), order.index(1)] == pytest.approx(
        2 / 3
    )


def test_what_it_passes_on(file):
    neck = build(file, pool_stride=2)
    feature = torch.randn(2, 3, 4, 6)
    pooled, labels, adjacency = neck((None, feature))
    assert pooled.shape == (2, 3, 2, 3)
    assert torch.equal(labels, neck.label_embedding)
    assert torch.equal(adjacency, neck.adjacency)
    assert not list(neck.parameters())


def test_a_trained_model_needs_no_file(file, tmp_path):
    trained = build(file)
    config = dict(
        type='CooccurrenceNeck',
        num_classes=5,
        classes=CLASSES,
        embed_dims=6,
        cooccurrence=str(tmp_path / 'gone.npz'),
    )
    neck = MODELS.build(config)
    neck.load_state_dict(trained.state_dict())
    assert torch.equal(neck.adjacency, trained.adjacency)
    assert torch.equal(neck.label_embedding, trained.label_embedding)
    with pytest.raises(FileNotFoundError, match=r'gone\.npz.*Make one'):
        neck.init_weights()


@pytest.mark.parametrize('source', ['dataset', 'file'])
def test_a_missing_class_is_named(source, request):
    classes = ['cat', 'dgo', 'bird', 'tree', 'car']
    with pytest.raises(ValueError, match=r"'dgo' \(did you mean 'dog'"):
        build(request.getfixturevalue(source), classes)


@pytest.mark.parametrize('cooccurrence', [None, 3])
def test_counts_are_required(cooccurrence):
    with pytest.raises(ValueError, match=r'label_cooccurrence\.py.*data set'):
        build(cooccurrence)


def test_names_are_required(file):
    with pytest.raises(ValueError, match='give the label names'):
        build(file, None)


def count_on_ranks(rank, folder):
    """Only rank 0 has the data set; then it lacks it, too."""
    config = write_dataset(folder) if rank == 0 else dict(type='NoSuchData')
    neck = build(config)
    try:
        build(dict(config, ann_file=str(folder / 'gone.json')))
    except (FileNotFoundError, RuntimeError) as error:
        return neck.adjacency, neck.counted_from, repr(error)


def test_rank_0_counts_for_all(tmp_path):
    first, second = run_ranks(count_on_ranks, tmp_path)
    torch.testing.assert_close(first[0], count_by_hand(CLASSES))
    assert torch.equal(first[0], second[0])
    assert first[1] == second[1] == {str(tmp_path / 'train.json'): 6}
    assert first[2].startswith('FileNotFoundError(')
    assert second[2].startswith('RuntimeError(')
    assert all('gone.json' in error for error in (first[2], second[2]))
