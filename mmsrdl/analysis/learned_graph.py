"""The label graph that a checkpoint has learned."""

import os
import re
from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.colors import PowerNorm
from mmengine.config import Config
from mmengine.runner.checkpoint import CheckpointLoader

from mmsrdl.datasets.label_sets import read_classes
from mmsrdl.models.layers import NORMALIZATIONS
from mmsrdl.visualization.label_graph_plot import plot_label_graph
from mmsrdl.visualization.label_matrix import plot_label_matrix

from .analysis import Analysis

_KEY = 'neck.adjacency'


def analyse_label_graph(
    checkpoint: str | os.PathLike,
    classes: str | Sequence[str] | None = None,
    config: str | os.PathLike | None = None,
    num_edges: int | None = None,
) -> Analysis:
    """Show the learned adjacency of ``LabelGraphNeck``, normalised as there.

    Args:
        checkpoint (str | PathLike): Path or URL.
        classes (str | Sequence[str], optional): Class names, a file of them
            or the name of a label set. Defaults to None: those in the
            checkpoint.
        config (str | PathLike, optional): Config of the model, which says
            how the adjacency is normalised. Defaults to None: what the
            checkpoint keeps of its config.
        num_edges (int, optional): Edges that are drawn. Defaults to None:
            twice the number of labels.

    Returns:
        Analysis: A table of all edges, the strongest first, a picture of the
        strongest and a heat map.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it has no learned label graph, or the class names are
            unknown or do not fit.
    """
    content = CheckpointLoader.load_checkpoint(
        str(checkpoint), map_location='cpu', logger='silent'
    )
    is_dict = isinstance(content, dict)
    meta = (content.get('meta') or {}) if is_dict else {}
    state = content.get('state_dict', content) if is_dict else {}
    adjacency = state.get(_KEY, state.get(f'module.{_KEY}'))
    if not isinstance(adjacency, torch.Tensor) or adjacency.ndim != 2:
        raise ValueError(
            f'{checkpoint} has no learned label graph ({_KEY}): it is not of '
            'a model with LabelGraphNeck and num_layers of at least 1.'
        )
    if classes is None:
        classes = (meta.get('dataset_meta') or {}).get('classes')
    if classes is None:
        raise ValueError(
            f'{checkpoint} does not tell the class names: give --classes, a '
            'file with one a line, or the name of a label set, such as voc.'
        )
    names = read_classes(classes)
    if adjacency.shape != (len(names),) * 2:
        raise ValueError(
            f'{checkpoint} has a graph of {len(adjacency)} labels, but there '
            f'are {len(names)} class names.'
        )
    how, source = _find_normalization(config, meta)
    weights = NORMALIZATIONS[how](adjacency.float()).numpy()
    others = weights * (1 - np.eye(len(names)))
    strength = np.abs(others)
    i, j = np.nonzero(~np.eye(len(names), dtype=bool))
    order = np.argsort(-strength[i, j], kind='stable')
    i, j = i[order], j[order]
    own = weights.diagonal()
    table = {
        'label': [names[k] for k in i],
        'takes from': [names[k] for k in j],
        'weight': others[i, j].tolist(),
        'own weight': own[i].tolist(),
    }
    title = f'Learned label graph, normalised by {how}'
    highest = max(strength.max(), 1e-9)
    shown = np.where(np.eye(len(names), dtype=bool), np.nan, strength)
    matrix = plot_label_matrix(
        shown,
        names,
        title=f'{title}\nwhat the row takes from the column',
        legend='weight (the own one, on the diagonal, is grey)',
        norm=PowerNorm(0.5, 0, highest),
        ticks=highest * np.array([0, 0.1, 0.4, 1]),
    )
    graph = plot_label_graph(
        names, weights, num_edges or 2 * len(names), title
    )
    return Analysis(
        name='label_graph',
        title='Label graph',
        notes=[
            'An arrow leads from a label to one that takes much from it in '
            f'the graph convolutions. The adjacency is normalised by "{how}" '
            f'({source}); a label keeps {100 * own.mean():.1f} % of its own '
            'on average. What is learned helps to recognise labels, and '
            'need not mean that they occur together.',
        ],
        tables={'label_graph': table},
        figures={'label_graph': graph, 'label_graph_matrix': matrix},
    )


def _find_normalization(
    config: str | os.PathLike | None, meta: dict
) -> tuple[str, str]:
    """The normalisation, and who says so."""
    if config is not None:
        if not os.path.isfile(config):
            raise FileNotFoundError(f'There is no config {config}.')
        neck = Config.fromfile(config).model.get('neck') or {}
        return neck.get('normalization', 'row'), f'by {config}'
    # Not run, as the config of a stranger could do anything.
    text = meta.get('cfg')
    found = re.search(
        r"normalization='(\w+)'", text if isinstance(text, str) else ''
    )
    if found and found[1] in NORMALIZATIONS:
        return found[1], 'by the config in the checkpoint'
    return 'row', 'the default, as no config says otherwise'
