"""Losses, mAP and learning rate of a training run."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

_LOSSES = {
    'loss_ori': dict(label='original'),
    'loss_era': dict(label='erased', linestyle='--'),
}

Records = list[Mapping[str, float]]


def plot_training_curves(
    logs: str | Path | Sequence[str | Path] | Records,
) -> Figure:
    """Plot the loss terms, the mAP and the learning rate against the epoch.

    Args:
        logs (str | Path | Sequence): MMEngine's ``vis_data/scalars.json``;
            several of them, oldest first, if the run was resumed (where they
            overlap, the later one counts); or the records of such files.

    Returns:
        Figure: To be saved by its ``savefig``.

    Raises:
        FileNotFoundError: If a log does not exist.
        ValueError: If a log is not what MMEngine writes, or holds no loss.
    """
    if isinstance(logs, (str, Path)):
        logs = [logs]
    if all(isinstance(log, Mapping) for log in logs):
        parts = [list(logs)]
    else:
        parts = [_read(Path(log)) for log in logs]
    training = _join([[r for r in part if 'lr' in r] for part in parts])
    testing = _join([[r for r in part if _map_key(r)] for part in parts])
    if not any('loss' in record for record in training):
        raise ValueError(
            'The log holds no training loss yet: give the scalars.json in '
            'the vis_data folder of a training run.'
        )

    epochs = _epochs(training)
    count = 3 if testing else 2
    figure = Figure((3.7 * count, 3.2), dpi=150, layout='constrained')
    panels = figure.subplots(1, count)
    _plot_losses(panels[0], epochs, training)
    if testing:
        _plot_map(panels[1], testing)
    _plot_rate(panels[-1], epochs, [record['lr'] for record in training])
    end = max(epochs[-1], *(record['step'] for record in testing), 0)
    for panel in panels:
        panel.set_xlabel('epoch' if 'epoch' in training[-1] else 'iteration')
        panel.set_xlim(0, 1.03 * end)
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        panel.grid(color='0.9')
        panel.spines[['top', 'right']].set_visible(False)
    return figure


def _plot_losses(panel: Axes, epochs: list[float], training: Records) -> None:
    terms = [term for term in _LOSSES if term in training[-1]]
    for term in terms or ['loss']:
        values = [record.get(term, math.nan) for record in training]
        if term == 'loss_era':  # while nothing is erased, the original one
            values = [
                math.nan if value == record.get('loss_ori') else value
                for value, record in zip(values, training, strict=True)
            ]
        panel.plot(epochs, values, **_LOSSES.get(term, {}))
    panel.set_ylim(bottom=0)
    panel.set_title('Training loss', loc='left')
    if terms:
        panel.legend(frameon=False)


def _plot_map(panel: Axes, testing: Records) -> None:
    steps = [record['step'] for record in testing]
    values = [record[_map_key(record)] for record in testing]
    panel.plot(steps, values, marker='o', markersize=4)
    panel.margins(y=0.15)
    panel.set_title('mAP (%)', loc='left')
    panel.annotate(
        f'{values[-1]:.1f}',
        (steps[-1], values[-1]),
        xytext=(0, -7),
        textcoords='offset points',
        ha='center',
        va='top',
    )


def _plot_rate(panel: Axes, epochs: list[float], rates: list[float]) -> None:
    panel.plot(epochs, rates)
    panel.set_title('Learning rate', loc='left')
    if 0 < 5 * min(rates) < max(rates):
        panel.set_yscale('log')
    else:
        panel.set_ylim(bottom=0)
        panel.ticklabel_format(axis='y', scilimits=(-2, 3))


def _read(path: Path) -> Records:
    """Read a file with one JSON object per line."""
    if not path.is_file():
        raise FileNotFoundError(
            f'There is no log {str(path)!r}: give the scalars.json in the '
            'vis_data folder of a training run.'
        )
    try:
        lines = path.read_text(encoding='utf-8').splitlines()
        return [json.loads(line) for line in lines if line.strip()]
    except ValueError as error:
        raise ValueError(
            f'{str(path)!r} does not hold one JSON object per line: {error}.'
        ) from error


def _join(parts: Sequence[Records]) -> Records:
    """Join the parts of a resumed run by their rising ``step``."""
    joined: Records = []
    for part in parts:
        if part:
            start = part[0]['step']
            joined = [r for r in joined if r['step'] < start] + part
    return joined


def _map_key(record: Mapping[str, float]) -> str | None:
    """Find the mAP under the prefix of any metric."""
    return next((key for key in record if key.split('/')[-1] == 'mAP'), None)


def _epochs(training: Records) -> list[float]:
    """Training time in fractions of an epoch.

    The first records of two epochs are whole epochs apart, as MMEngine counts
    its interval from the start of each. Of a single epoch no more is known
    than that it has at least as many iterations.
    """
    first = {}
    for record in training:
        first.setdefault(record.get('epoch'), record['step'])
    if len(first) > 1:
        start, end = min(first), max(first)
        length = (first[end] - first[start]) / (end - start)
    else:
        last = training[-1]
        length = math.ceil(last['step'] / last.get('epoch', last['step']))
    return [record['step'] / length for record in training]
