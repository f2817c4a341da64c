"""What is tested, and how, to be kept with the predictions."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import mmengine
import mmpretrain
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric

from mmsrdl.evaluation import MultiLabelRecognitionMetric
from mmsrdl.version import __version__


def describe_test(
    cfg: Config, metrics: Iterable[BaseMetric], tta: bool = False
) -> dict[str, Any]:
    """Describe a test run by plain values.

    Args:
        cfg (Config): Of the run, with the checkpoint as ``load_from``.
        metrics (Iterable[BaseMetric]): Of its test evaluator; how labels are
            counted is taken from the first of ours.
        tta (bool): Whether scores are averaged over views. Defaults to
            False.

    Returns:
        dict: ``config``, ``checkpoint``, ``dataset`` (a dict of what the
        config says of it), ``metric`` (a dict of ``thr``, ``ap``,
        ``difficult`` and ``absent``), ``tta``, ``half_precision``,
        ``versions`` and ``created``.
    """
    dataset = cfg.test_dataloader.dataset
    kept = ('type', 'data_root', 'split', 'year', 'ann_file', 'protocol')
    ours = [m for m in metrics if isinstance(m, MultiLabelRecognitionMetric)]
    metric = ours[0] if ours else MultiLabelRecognitionMetric()
    return dict(
        config=cfg.filename,
        checkpoint=cfg.load_from,
        dataset={key: dataset[key] for key in kept if dataset.get(key)},
        metric=dict(
            thr=metric.thr,
            ap=metric.ap,
            difficult=metric.difficult,
            absent=metric.absent,
        ),
        tta=tta,
        half_precision=bool(cfg.test_cfg.get('fp16', False)),
        versions=dict(
            mmsrdl=__version__,
            mmpretrain=mmpretrain.__version__,
            mmengine=mmengine.__version__,
            torch=torch.__version__,
        ),
        created=datetime.now().astimezone().isoformat(timespec='minutes'),
    )
