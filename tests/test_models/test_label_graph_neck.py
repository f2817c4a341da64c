import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS

from mmsrdl.models.layers import NORMALIZATIONS
from mmsrdl.structures import LabelEmbedding

from .brute_force import label_features

CLASSES = ['cat', 'dog', 'bird', 'tree', 'car']


def build(**options):
    options = dict(num_classes=5, label_embedding='random') | options
    return MODELS.build(dict(type='LabelGraphNeck', **options))


def mean_cosine(vectors):
    unit = F.normalize(vectors, dim=1)
    cosine = unit @ unit.T
    n = len(unit)
    return ((cosine.sum() - cosine.trace()) / (n * (n - 1))).item()


@pytest.fixture
def embedding_file(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(5, 300))
    names = CLASSES[::-1]
    path = tmp_path / 'labels.npz'
    LabelEmbedding(names, vectors.astype(np.float32), 'test').save(path)
    return str(path)


def test_equals_brute_force():
    torch.manual_seed(0)
    neck = build(embed_dims=8, adjacency='random').double()
    for layer in neck.layers:
        torch.nn.init.normal_(layer.weight)
    torch.testing.assert_close(neck.label_features(), label_features(neck))


@pytest.mark.parametrize('normalization', NORMALIZATIONS)
@pytest.mark.parametrize('num_classes', [5, 80, 500])
def test_default_start_keeps_labels_apart(normalization, num_classes):
    neck = build(num_classes=num_classes, normalization=normalization)
    start = mean_cosine(neck.label_features())
    assert start <= mean_cosine(neck.label_embedding) + 0.1


def test_start_keeps_real_labels_apart(data_root):
    for name, count in dict(voc=20, coco=80, nuswide=81).items():
        path = data_root / f'label_embeddings/{name}_glove-6b_300d.npz'
        neck = build(
            num_classes=count, classes=name, label_embedding=str(path)
        )
        neck.init_weights()
        raw = mean_cosine(neck.label_embedding)
        assert raw > 0.1
        assert mean_cosine(neck.label_features()) <= raw + 0.1


@pytest.mark.parametrize('slope', [0, 0.01, 0.2, 1])
def test_any_slope_starts_alive(slope):
    neck = build(negative_slope=slope)
    neck.label_features().square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in neck.parameters())


@pytest.mark.parametrize('layers', [0, 2])
def test_a_change_of_the_output_is_the_callers(layers):
    neck = build(num_layers=layers).eval()
    with torch.no_grad():
        first = neck.label_features()
        kept = first.clone()
        first.zero_()
        assert torch.equal(neck.label_features(), kept)


def test_random_start_collapses():
    """Why the default is another one."""
    neck = build(num_classes=80, adjacency='random')
    assert mean_cosine(neck.label_features()) > 0.9


@pytest.mark.parametrize(
    'normalization, expected',
    [
        ('row', [[0.25, 0.75], [0.2, 0.8]]),
        ('symmetric', [[1 / 4, 3 / 20**0.5], [1 / 20**0.5, 4 / 5]]),
        ('softmax', [[0.9820138, 0.0179862], [0.0474259, 0.9525741]]),
        ('none', [[1.0, -3.0], [1.0, 4.0]]),
    ],
)
def test_normalizations(normalization, expected):
    adjacency = torch.tensor([[1.0, -3.0], [1.0, 4.0]])
    torch.testing.assert_close(
        NORMALIZATIONS[normalization](adjacency), torch.tensor(expected)
    )


def test_vectors_are_aligned_by_name(embedding_file):
    neck = build(classes=CLASSES, label_embedding=embedding_file)
    assert not neck.label_embedding.any(), 'no file is read before init'
    neck.init_weights()
    stored = LabelEmbedding.load(embedding_file)
    for row, name in enumerate(CLASSES):
        expected = stored.vectors[stored.names.index(name)]
        assert np.array_equal(neck.label_embedding[row].numpy(), expected)


def test_state_names():
    assert {k: tuple(v.shape) for k, v in build().state_dict().items()} == {
        'adjacency': (5, 5),
        'label_embedding': (5, 300),
        'layers.0.weight': (300, 300),
        'layers.1.weight': (300, 300),
    }
    plain = build(num_layers=0)
    assert list(plain.state_dict()) == ['label_embedding']
    assert not list(plain.parameters())
    assert torch.equal(plain.label_features(), plain.label_embedding)


def test_is_equivariant_to_the_order_of_labels():
    torch.manual_seed(0)
    neck = build(adjacency='random', embed_dims=16)
    order = torch.tensor([3, 1, 4, 0, 2])
    other = copy.deepcopy(neck)
    other.label_embedding.copy_(neck.label_embedding[order])
    other.adjacency.data.copy_(neck.adjacency.data[order][:, order])
    torch.testing.assert_close(
        other.label_features(), neck.label_features()[order]
    )


@pytest.mark.parametrize('stride, size', [(1, (5, 7)), (2, (3, 4))])
def test_output(stride, size):
    neck = build(pool_stride=stride)
    early, last = torch.randn(2, 8, 10, 14), torch.randn(2, 16, 5, 7)
    feature, labels = neck((early, last))
    assert feature.shape == (2, 16, *size)
    assert labels.shape == (5, 300)
    if stride == 2:
        torch.testing.assert_close(
            feature[:, :, 0, 0], last[:, :, :2, :2].mean((2, 3))
        )


@pytest.mark.parametrize('layers', [0, 1, 2, 3])
def test_every_parameter_gets_a_gradient(layers):
    neck = build(num_layers=layers)
    labels = neck.label_features()
    if layers:
        (labels**2).sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in neck.parameters())


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(classes=['a', 'b']), 'num_classes is 5'),
        (dict(classes='vocc'), "no label set 'vocc'"),
        (dict(label_embedding='x.npz'), 'aligned by name'),
        (dict(adjacency='ones'), 'adjacency must be one of'),
        (dict(normalization='rows'), 'normalization must be one of'),
        (dict(num_layers=-1), 'num_layers >= 0'),
        (dict(pool_stride=0), 'pool_stride >= 1'),
        (dict(negative_slope=-0.1), 'negative_slope >= 0'),
    ],
)
def test_refuses_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_refuses_wrong_files(embedding_file):
    with pytest.raises(FileNotFoundError, match='nowhere.npz'):
        build(classes=CLASSES, label_embedding='nowhere.npz').init_weights()
    wrong = ['kat', *CLASSES[1:]]
    with pytest.raises(ValueError, match="'kat'.*did you mean 'cat'"):
        build(classes=wrong, label_embedding=embedding_file).init_weights()
    with pytest.raises(ValueError, match='300.*embed_dims is 64'):
        build(
            classes=CLASSES, label_embedding=embedding_file, embed_dims=64
        ).init_weights()
