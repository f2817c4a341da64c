"""Boxes as MMCV's transforms take them."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadBoxes(BaseTransform):
    """Turn the boxes of the data set into pixels of the loaded image.

    It comes right after the image is loaded, before anything moves pixels.
    ``Resize``, ``RandomFlip`` and ``MultiScaleCrop`` then move them with the
    image, and ``PackInputs`` packs them, given the names of the added keys
    as ``algorithm_keys``.

    **Required Keys:**

    - img
    - gt_boxes
    - gt_boxes_difficult

    **Added Keys:**

    - gt_bboxes: x1, y1, x2, y2, (M, 4) float32
    - gt_bboxes_difficult: (M,) bool
    """

    def transform(self, results: dict) -> dict:
        """Add the boxes.

        Raises:
            ValueError: If the data set gives none, or the image has been
                changed.
        """
        if 'gt_boxes' not in results:
            raise ValueError(
                'LoadBoxes found no boxes: take a data set that gives them, '
                'VOCWithBoxes or CocoWithBoxes, with test_mode=False.'
            )
        if results['img_shape'] != results['ori_shape'] or results.get('flip'):
            raise ValueError(
                'LoadBoxes takes the image as it was loaded, but this one has '
                'been resized, cropped or mirrored: put LoadBoxes right after '
                'LoadImageFromFile.'
            )
        height, width = results['img'].shape[:2]
        size = np.array([width, height, width, height], np.float32)
        results['gt_bboxes'] = results['gt_boxes'].reshape(-1, 4) * size
        results['gt_bboxes_difficult'] = results['gt_boxes_difficult']
        return results
