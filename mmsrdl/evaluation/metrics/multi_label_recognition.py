"""All measures of multi-label recognition in one metric."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmpretrain.registry import METRICS
from torch import Tensor

from mmsrdl.datasets.protocols import load_protocol
from mmsrdl.evaluation.class_table import (
    class_columns,
    class_table,
    write_class_table,
)
from mmsrdl.evaluation.functional import (
    ABSENT_POLICIES,
    AP_FORMS,
    DIFFICULT_POLICIES,
    LabelCounts,
    average_precision,
    class_mean,
    count_labels,
    predicted_labels,
    resolve_difficult,
    summarise_counts,
)
from mmsrdl.main_rank import on_main_rank

from .rank_gather import Batches, gather_batches, join_batches
from .sample_tensors import stack_samples


@METRICS.register_module()
class MultiLabelRecognitionMetric(BaseMetric):
    """Mean average precision and per-class and overall P, R and F1.

    In percent: ``mAP, CP, CR, CF1, OP, OR, OF1, F1_macro`` and, with
    ``topk=3``, ``CP_top3, CR_top3, CF1_top3, OP_top3, OR_top3, OF1_top3``.
    CF1 and OF1 are harmonic means of the averages (SRDL eqs. 14-16);
    F1_macro is the mean of the per-class F1. A class never predicted has
    precision 0. Measures without anything to average are 0.

    The truth of a sample is ``gt_score`` (1 present, 0 absent, -1 unknown)
    if it has one, else ``gt_label``, and ``gt_label_difficult``, the classes
    that occur only as difficult. Unknown targets are always left out.

    Args:
        thr (float): Smallest score of a predicted label. Defaults to 0.5.
        topk (int, optional): Also report the labels with a score among the k
            highest of the image (all ties with the k-th) that reach ``thr``.
            Defaults to None.
        ap (str): ``'area'``, ``'interpolated'`` or ``'11point'``, see
            :func:`~mmsrdl.evaluation.functional.average_precision`.
            Defaults to ``'area'``.
        difficult (str | dict): What ``gt_label_difficult`` stands for:
            ``'ignore'``, ``'negative'`` or ``'positive'``; or
            ``dict(ap=..., f1=...)`` for mAP and the rest. Defaults to
            ``'ignore'``.
        absent (str): A class without a positive is left out of mAP, CP, CR
            and F1_macro (``'skip'``) or counts 0 (``'zero'``). Its false
            positives stay in OP. Defaults to ``'skip'``.
        classwise (bool): Log a table of all classes: AP, P, R, F1, number
            of positives, and the threshold at which the F1 of the class is
            highest with that F1. Defaults to False.
        outfile_prefix (str, optional): Write that table, in full digits, to
            ``{outfile_prefix}.csv`` and ``{outfile_prefix}.json``. Defaults
            to None.
        collect_device (str): MMEngine's ``'cpu'`` or ``'gpu'``. Ranks
            exchange tensors on the device of the process group in both
            cases. Defaults to ``'cpu'``.
        prefix (str, optional): Of the returned keys. Defaults to
            ``'multi-label'``.
        collect_dir (str, optional): MMEngine's folder shared by the ranks,
            which is not needed here. Defaults to None.

    Raises:
        ValueError: If an argument has an unknown value.
    """

    default_prefix = 'multi-label'

    def __init__(
        self,
        thr: float = 0.5,
        topk: int | None = None,
        ap: str = 'area',
        difficult: str | Mapping[str, str] = 'ignore',
        absent: str = 'skip',
        classwise: bool = False,
        outfile_prefix: str | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(collect_device, prefix, collect_dir)
        if not isinstance(thr, (int, float)) or not math.isfinite(thr):
            raise ValueError(f'thr must be a finite number, not {thr!r}.')
        if topk is not None and (not isinstance(topk, int) or topk < 1):
            raise ValueError(f'topk must be None or at least 1, not {topk!r}.')
        if isinstance(difficult, str):
            difficult = dict(ap=difficult, f1=difficult)
        if set(difficult) != {'ap', 'f1'}:
            raise ValueError(
                'difficult must be a word or dict(ap=..., f1=...), not '
                f'{dict(difficult)}.'
            )
        _check_choice('ap', ap, AP_FORMS)
        for word in difficult.values():
            _check_choice('difficult', word, DIFFICULT_POLICIES)
        _check_choice('absent', absent, ABSENT_POLICIES)
        self.thr = thr
        self.topk = topk
        self.ap = ap
        self.difficult = dict(difficult)
        self.absent = absent
        self.classwise = classwise
        self.outfile_prefix = outfile_prefix

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Store the scores and targets of a batch.

        Args:
            data_batch: Not used.
            data_samples (Sequence[dict]): Samples with ``pred_score`` (C,)
                and ``gt_score`` (C,) or ``gt_label``; and with
                ``gt_label_difficult`` if the data set has difficult labels
                and a policy other than ``'negative'`` needs them.

        Raises:
            ValueError: If a field is missing, scores or labels do not fit the
                classes, a score is NaN or a target is neither 1, 0 nor -1.
        """
        if not data_samples:
            return
        meta = self.dataset_meta or {}
        # To 'negative' a difficult label and an absent one are the same.
        matters = set(self.difficult.values()) != {'negative'}
        self.results.append(
            stack_samples(
                data_samples,
                num_classes=len(meta.get('classes') or ()),
                needs_difficult=matters and bool(meta.get('has_difficult')),
            )
        )

    def evaluate(self, size: int) -> dict[str, float]:
        """Measure the samples of all ranks together.

        Args:
            size (int): Number of samples of the data set; what the sampler
                added beyond is dropped.

        Returns:
            dict[str, float]: Measures in percent under their prefix, on all
            ranks.

        Raises:
            ValueError: If there is no sample, or their classes differ in
                number.
            RuntimeError: On other ranks, if the first one raised.
        """
        samples = gather_batches(self.results, size)
        self.results.clear()
        measures = on_main_rank(lambda: self.compute_metrics([samples]))
        return {f'{self.prefix}/{k}': v for k, v in measures.items()}

    def compute_metrics(self, results: Batches) -> dict[str, float]:
        """Measure all samples together.

        Args:
            results (Sequence[tuple[Tensor, Tensor]]): Scores and targets as
                :meth:`process` stored them, of all ranks.

        Returns:
            dict[str, float]: Measures in percent.
        """
        scores, targets = join_batches(results)
        ap_targets = resolve_difficult(targets, self.difficult['ap'])
        targets = resolve_difficult(targets, self.difficult['f1'])
        ap = average_precision(scores, ap_targets, self.ap)
        has_positive = (ap_targets == 1).any(0)
        counts = count_labels(predicted_labels(scores, self.thr), targets)

        metrics = dict(mAP=100 * class_mean(ap, has_positive, self.absent))
        metrics.update(summarise_counts(counts, self.absent))
        if self.topk is not None:
            labels = predicted_labels(scores, self.thr, self.topk)
            top = summarise_counts(count_labels(labels, targets), self.absent)
            for name in ('CP', 'CR', 'CF1', 'OP', 'OR', 'OF1'):
                metrics[f'{name}_top{self.topk}'] = top[name]

        logger = MMLogger.get_current_instance()
        protocol = (self.dataset_meta or {}).get('protocol')
        if protocol is not None:
            text = load_protocol(protocol).describe(self.ap, self.difficult)
            logger.info(f'Protocol {text}')
        how = self._protocol(len(scores), has_positive, counts)
        logger.info(how)
        if self.classwise or self.outfile_prefix is not None:
            names = (self.dataset_meta or {}).get('classes')
            names = names or [str(index) for index in range(len(ap))]
            columns = class_columns(
                scores, targets, ap, has_positive, counts, self.absent
            )
            if self.classwise:
                logger.info('\n' + class_table(names, columns))
            if self.outfile_prefix is not None:
                write_class_table(self.outfile_prefix, names, columns, how)
        return metrics

    def _protocol(
        self, num_images: int, has_positive: Tensor, counts: LabelCounts
    ) -> str:
        """One line that tells how the measures were taken."""
        without = [
            f'{int((~present).sum())} for {name}'
            for name, present in (
                ('AP', has_positive),
                ('P/R/F1', counts.present > 0),
            )
        ]
        treatment = 'left out' if self.absent == 'skip' else 'counted 0'
        top = '' if self.topk is None else f', also top {self.topk}'
        return (
            f'{self.prefix}: {num_images} images, {len(has_positive)} classes '
            f'({treatment} without a positive: {", ".join(without)}); '
            f'AP {self.ap}; difficult labels: {self.difficult["ap"]} for AP, '
            f'{self.difficult["f1"]} for P/R/F1; score >= {self.thr}{top}'
        )


def _check_choice(name: str, word: str, choices: Sequence[str]) -> None:
    if word not in choices:
        raise ValueError(
            f'{name} must be one of {list(choices)}, not {word!r}.'
        )
