"""Predictions as plain values."""

from collections.abc import Sequence

from mmpretrain.structures import DataSample


def as_dict(sample: DataSample, classes: Sequence[str]) -> dict:
    """Turn the prediction for an image into a dict.

    Args:
        sample (DataSample): With ``pred_label`` (K,), ``pred_score`` (C,),
            maybe ``pred_maps`` (K, h, w) with the meta ``maps_box``, or the
            meta ``error``; and the meta ``img_path``.
        classes (Sequence[str]): C class names.

    Returns:
        dict: As of :meth:`~mmsrdl.apis.MultiLabelInferencer.iterate`.
    """
    if 'error' in sample:
        return dict(img_path=sample.img_path, error=sample.error)
    labels = sample.pred_label.tolist()
    scores = sample.pred_score.tolist()
    result = dict(
        img_path=sample.img_path,
        pred_labels=labels,
        pred_classes=[classes[label] for label in labels],
        pred_scores=[scores[label] for label in labels],
        scores=scores,
    )
    if 'pred_maps' in sample:
        result['pred_maps'] = sample.pred_maps.numpy()
        result['maps_box'] = sample.maps_box
    return result
