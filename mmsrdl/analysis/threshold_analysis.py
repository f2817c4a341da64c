"""From which score on a label should be predicted."""

import json
import os
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from mmsrdl.evaluation.functional import (
    LabelCounts,
    count_labels,
    precision_recall_f1,
    summarise_counts,
)
from mmsrdl.evaluation.threshold_choice import (
    SCOPES,
    ThresholdChoice,
    choose_thresholds,
    count_at_thresholds,
    labels_by_halves,
)
from mmsrdl.visualization.threshold_plot import plot_thresholds

from .analysis import Analysis, Table
from .class_analysis import as_column, measure_labels
from .prediction_dump import PredictionDump

_SAME = (
    'The rows "same images" are measured on the images that the thresholds '
    'were chosen on, and too good to be true for others.'
)
_WORDS = {'class': 'a threshold per class', 'global': 'one threshold for all'}


class ThresholdStudy:
    """Thresholds chosen on a dump, globally and per class.

    Args:
        dump (PredictionDump): Of validation images.
        by (str): ``'f1'``, ``'precision'`` or ``'recall'``, see
            :func:`~mmsrdl.evaluation.threshold_choice.choose_thresholds`.
            Defaults to ``'f1'``.
        target (float, optional): For precision and recall, in (0, 1].
        measured_on (PredictionDump, optional): Other images, of the same
            classes, to measure on. Defaults to None: the images of ``dump``.

    Raises:
        ValueError: If the options do not fit, or the classes differ.
    """

    def __init__(
        self,
        dump: PredictionDump,
        by: str = 'f1',
        target: float | None = None,
        measured_on: PredictionDump | None = None,
    ) -> None:
        if measured_on and measured_on.classes != dump.classes:
            raise ValueError(
                f'{measured_on.name} has other classes than {dump.name}, or '
                'the same in another order.'
            )
        self.dump = dump
        self.by, self.target = by, target
        self.measured_on = measured_on or dump
        # Names alone may be numbers, the same in every folder, or unknown.
        self.is_same = measured_on is None or (
            measured_on.images_sha256 == dump.images_sha256
            and torch.equal(
                measured_on.targets.sort(0).values,
                dump.targets.sort(0).values,
            )
        )
        self._choose = partial(
            choose_thresholds, by=by, target=target, default=dump.thr
        )
        self.choices: dict[str, ThresholdChoice] = {
            scope: self._choose(dump.scores, dump.known_targets, scope=scope)
            for scope in SCOPES
        }

    @property
    def criterion(self) -> str:
        """How thresholds are chosen, in words."""
        if self.by == 'f1':
            return 'best F1'
        return f'{self.by} of at least {100 * self.target:g} %'

    def remarks(self, scope: str) -> list[str]:
        """What must be said of a choice: classes that are exceptions."""
        choice, classes = self.choices[scope], self.dump.classes
        if scope == 'global':
            classes = ('all labels together',)
        remarks = []
        for exceptions, what in (
            (
                ~choice.chosen,
                f'have no positive and keep the default {self.dump.thr:g}',
            ),
            (
                ~choice.reached,
                f'do not reach {self.criterion} and get their most precise '
                'threshold',
            ),
        ):
            names = [
                name
                for name, is_one in zip(
                    classes, exceptions.tolist(), strict=False
                )
                if is_one
            ]
            if names:
                remarks.append(f'{", ".join(names)}: {what}.')
        return remarks

    def effect(self) -> Table:
        """Measures in percent, before and after, a row for each."""
        on = self.measured_on
        rows = {f'as tested: {on.thr:g} for all': on.scores >= on.thr}
        suffix = ', same images' if self.is_same else ''
        for scope in SCOPES[::-1]:
            thresholds = self.choices[scope].thresholds
            rows[f'{_WORDS[scope]}{suffix}'] = on.scores >= thresholds
        if self.is_same and len(on.scores) > 1:
            for scope in SCOPES[::-1]:
                choose = partial(self._choose, scope=scope)
                rows[f'{_WORDS[scope]}, chosen on the other half'] = (
                    labels_by_halves(
                        on.scores,
                        on.known_targets,
                        lambda s, t, choose=choose: choose(s, t).thresholds,
                    )
                )
        measures = [measure_labels(on, labels) for labels in rows.values()]
        return {
            'labels': list(rows),
            **{name: [m[name] for m in measures] for name in measures[0]},
        }

    def save(self, path: str | os.PathLike, scope: str = 'class') -> None:
        """Write the JSON file that the inferencer takes as ``thr``.

        Args:
            path (str | PathLike): The file; its folder is made if need be.
            scope (str): ``'class'`` or ``'global'``. Defaults to
                ``'class'``.
        """
        dump, choice = self.dump, self.choices[scope]
        content = dict(
            thresholds=dict(
                zip(dump.classes, choice.thresholds.tolist(), strict=True)
            ),
            chosen_by=self.criterion,
            scope=scope,
            default=dump.thr,
            remarks=self.remarks(scope),
            chosen_on=dict(
                dump=dump.name,
                dataset=dump.record.get('dataset'),
                num_images=len(dump.scores),
                images_sha256=dump.images_sha256,
                config=dump.record.get('config'),
                checkpoint=dump.record.get('checkpoint'),
            ),
        )
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content, indent=1, ensure_ascii=False)
        path.write_text(text + '\n', 'utf-8')


def analyse_thresholds(
    study: ThresholdStudy, scope: str = 'class', name: str = 'thresholds'
) -> Analysis:
    """Show what thresholds were chosen, and what they change.

    Args:
        study (ThresholdStudy): The choice.
        scope (str): Which is shown by class, ``'class'`` or ``'global'``.
            Defaults to ``'class'``.
        name (str): How the names of the files begin. Defaults to
            ``'thresholds'``.

    Returns:
        Analysis: A table of the effect, a table of the classes, and a
        picture.
    """
    on, choice = study.measured_on, study.choices[scope]
    targets = on.known_targets
    before = _figures(on.scores >= on.thr, targets)
    after = _figures(on.scores >= choice.thresholds, targets)
    columns = {'class': on.classes, 'thr': choice.thresholds.tolist()}
    for word, figures in (('before', before), ('after', after)):
        for measure, values in figures.items():
            columns[f'{measure} {word}'] = as_column(values)
    grid = torch.linspace(0, 1, 201)
    counts = count_at_thresholds(on.scores, targets, grid)
    summaries = [
        summarise_counts(LabelCounts(*rows), on.metric['absent'])
        for rows in zip(*counts, strict=True)
    ]
    figure = plot_thresholds(
        on.classes,
        grid.numpy(),
        {n: [s[n] for s in summaries] for n in ('OF1', 'CF1')},
        on.thr,
        choice.thresholds.numpy(),
        before['F1'].numpy(),
        after['F1'].numpy(),
    )
    common = study.choices['global'].thresholds[0].item()
    notes = [
        f'Chosen by {study.criterion} on {study.dump.name} '
        f'({len(study.dump.scores):,} images), measured on '
        f'{on.name}. One threshold for all classes would be {common:.4f}.',
        *study.remarks(scope),
    ]
    if study.is_same:
        notes.append(
            f'{_SAME} The last rows tell what to expect: each half of the '
            'images is labelled by what was chosen on the other half. Choose '
            'thresholds on validation images, never on the test set of which '
            'you publish results.'
        )
    return Analysis(
        name='thresholds',
        title='Thresholds',
        notes=notes,
        tables={f'{name}_effect': study.effect(), name: columns},
        figures={name: figure},
    )


def _figures(labels: Tensor, targets: Tensor) -> dict[str, Tensor]:
    """P, R and F1 in percent, NaN for a class without a positive."""
    counts = count_labels(labels, targets)
    return {
        name: (100 * values).masked_fill(counts.present == 0, torch.nan)
        for name, values in zip(
            ('P', 'R', 'F1'), precision_recall_f1(counts), strict=True
        )
    }
