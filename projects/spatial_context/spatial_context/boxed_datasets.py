"""Data sets whose training entries hold the boxes of the objects."""

import numpy as np
from mmpretrain.registry import DATASETS

from mmsrdl.datasets import CocoMultiLabel, VOCMultiLabel
from mmsrdl.datasets.image_boxes import ImageBoxes
from mmsrdl.datasets.ragged_table import RaggedTable

DTYPES = dict(gt_boxes=np.float32, gt_boxes_difficult=bool)


class WithBoxes:
    """Adds boxes to the entries of a data set that has ``get_boxes(idx)``.

    In training an entry has ``gt_boxes``, x1, y1, x2, y2 in units of the
    image, (4 M,) float32, and ``gt_boxes_difficult``, (M,) bool. All are
    read once, into the memory that worker processes share.
    """

    def full_init(self) -> None:
        """Read the annotations, unless they have been read."""
        if self._fully_initialized:
            return
        super().full_init()
        if self.test_mode:
            return
        table = self.data_list
        rows = [
            {**row, **_to_lists(self.get_boxes(i))}
            for i, row in enumerate(table)
        ]
        dtypes = {
            name: table.column(name).values.dtype
            for name in set().union(*rows)
            if name in table
        }
        self.data_list = RaggedTable.from_rows(rows, {**dtypes, **DTYPES})


def _to_lists(boxes: ImageBoxes) -> dict:
    return dict(
        gt_boxes=boxes.boxes.ravel(), gt_boxes_difficult=boxes.difficult
    )


@DATASETS.register_module()
class VOCWithBoxes(WithBoxes, VOCMultiLabel):
    """:class:`~mmsrdl.datasets.VOCMultiLabel` with boxes in training."""


@DATASETS.register_module()
class CocoWithBoxes(WithBoxes, CocoMultiLabel):
    """:class:`~mmsrdl.datasets.CocoMultiLabel` with boxes in training."""
