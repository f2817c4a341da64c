"""Dump of predictions that tells what was tested, and how."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.evaluator import DumpResults
from torch import Tensor

MARK = 'mmsrdl_dump'
"""First key of the record behind the pickle; its value is a version."""


class DumpPredictions(DumpResults):
    """MMEngine's dump, a pickled list of dicts, with a record behind it.

    Whoever reads the pickle, as MMEngine and MMPretrain do, gets the list and
    stops before the record: a line of JSON that travels in the same file.

    Args:
        out_file_path (str): Ends in ``.pkl`` or ``.pickle``.
        record (Mapping): What was tested, see
            :func:`~mmsrdl.analysis.describe_test`; the class names of the
            data set are added.
    """

    default_prefix = 'dump'  # of no measure, but MMEngine warns without

    def __init__(self, out_file_path: str, record: Mapping[str, Any]) -> None:
        super().__init__(out_file_path)
        self.record = record

    def process(self, data_batch: Any, predictions: Sequence[dict]) -> None:
        """Keep the predictions of a batch.

        A score vector is a row of its batch, and would take the whole batch
        along into the file.
        """
        super().process(
            data_batch,
            [
                {
                    key: value.clone() if isinstance(value, Tensor) else value
                    for key, value in sample.items()
                }
                for sample in predictions
            ],
        )

    def compute_metrics(self, results: list) -> dict:
        """Write the file."""
        super().compute_metrics(results)
        meta = self.dataset_meta or {}
        record = {
            MARK: 1,
            'classes': meta.get('classes'),
            'protocol': meta.get('protocol'),
            **self.record,
        }
        text = json.dumps(record, ensure_ascii=False, default=str)
        with open(self.out_file_path, 'ab') as file:
            file.write(f'\n{text}\n'.encode())
        return {}
