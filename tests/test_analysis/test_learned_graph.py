import numpy as np
import pytest
import torch
from matplotlib.patches import FancyArrowPatch

from mmsrdl.analysis import analyse_label_graph
from mmsrdl.models.necks import LabelGraphNeck

NAMES = ['dog', 'cat', 'car', 'bus']


@pytest.fixture
def save(tmp_path):
    """Writes a checkpoint as a Runner does; gives its path and the neck."""

    def save(normalization='row', cfg='', classes=NAMES, prefix='neck.'):
        torch.manual_seed(0)
        neck = LabelGraphNeck(4, embed_dims=8, normalization=normalization)
        neck.adjacency.data = torch.randn(4, 4)
        state = {f'{prefix}{k}': v for k, v in neck.state_dict().items()}
        meta = dict(cfg=cfg, dataset_meta=dict(classes=classes))
        path = tmp_path / 'epoch_1.pth'
        torch.save(dict(state_dict=state, meta=meta), path)
        return path, neck

    return save


def normalized(neck):
    """V̂, as the neck uses it: what it makes of one-hot embeddings."""
    seen = {}

    class Layer(torch.nn.Module):
        weight = torch.zeros(())

        def forward(self, nodes, adjacency):
            seen['adjacency'] = adjacency
            return nodes

    neck.layers = torch.nn.ModuleList([Layer()])
    neck.train().label_features()
    return seen['adjacency'].detach().numpy()


@pytest.mark.parametrize('how', ['row', 'symmetric', 'softmax', 'none'])
def test_edges_are_those_of_the_neck(save, how):
    cfg = f"model = dict(neck=dict(\n    normalization='{how}'))"
    path, neck = save(how, cfg, prefix='module.neck.')
    analysis = analyse_label_graph(path, num_edges=5)
    table = analysis.tables['label_graph']
    expected = normalized(neck)
    assert len(table['label']) == 12
    for label, source, weight in zip(
        table['label'], table['takes from'], table['weight']
    ):
        found = expected[NAMES.index(label), NAMES.index(source)]
        assert weight == pytest.approx(found, abs=1e-6)
    sizes = [abs(weight) for weight in table['weight']]
    assert sizes == sorted(sizes, reverse=True)
    panel = analysis.figures['label_graph'].axes[0]
    arrows = [p for p in panel.patches if isinstance(p, FancyArrowPatch)]
    assert len(arrows) == 5
    assert [text.get_text() for text in panel.texts] == NAMES
    shown = analysis.figures['label_graph_matrix'].axes[0].images[0]
    off = ~np.eye(4, dtype=bool)
    np.testing.assert_allclose(
        shown.get_array()[off], np.abs(expected[off]), atol=1e-6
    )
    assert f'normalised by "{how}" (by the config' in analysis.notes[0]


def test_who_says_how_it_is_normalised(save, tmp_path):
    # A config in a checkpoint is read as text and never run.
    cfg = "raise SystemExit\nmodel = dict(neck=dict(normalization='evil'))"
    path, _ = save(cfg=cfg)
    assert '"row" (the default' in analyse_label_graph(path).notes[0]
    config = tmp_path / 'config.py'
    config.write_text("model = dict(neck=dict(normalization='softmax'))")
    notes = analyse_label_graph(path, config=config).notes
    assert f'"softmax" (by {config})' in notes[0]
    with pytest.raises(FileNotFoundError, match='There is no config none'):
        analyse_label_graph(path, config='none.py')


def test_wrong_checkpoints(save, tmp_path):
    path, _ = save(classes=None)
    with pytest.raises(ValueError, match='does not tell the class names'):
        analyse_label_graph(path)
    with pytest.raises(ValueError, match='a graph of 4 labels, .* 20 class'):
        analyse_label_graph(path, 'voc')
    assert analyse_label_graph(path, NAMES).name == 'label_graph'
    torch.save(dict(state_dict={'head.fc.weight': torch.ones(2)}), path)
    with pytest.raises(ValueError, match='has no learned label graph'):
        analyse_label_graph(path, NAMES)
    with pytest.raises(FileNotFoundError, match='none.pth'):
        analyse_label_graph(tmp_path / 'none.pth', NAMES)
