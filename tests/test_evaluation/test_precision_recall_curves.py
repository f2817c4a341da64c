import numpy as np
import torch
from sklearn.metrics import precision_recall_curve

from mmsrdl.evaluation.precision_recall_curves import precision_at_recalls


def test_as_scikit_learn(case):
    scores, targets = case
    curves = precision_at_recalls(scores, targets, num_points=8).numpy()
    assert curves.shape == (scores.size(1), 8)
    for score, target, curve in zip(scores.T, targets.T, curves):
        known = target >= 0
        if not (target == 1).any():
            assert np.isnan(curve).all()
            continue
        precision, recall, _ = precision_recall_curve(
            target[known], score[known]
        )
        # From the lowest threshold on; the last point is none.
        for step, found in enumerate(curve, 1):
            reaches = recall[:-1] >= step / 8 - 1e-9
            assert found == precision[:-1][reaches][-1]


def test_one_threshold_for_equal_scores():
    scores = torch.tensor([[0.9], [0.5], [0.5], [0.5]])
    targets = torch.tensor([[1], [1], [0], [0]])
    curve = precision_at_recalls(scores, targets, num_points=2)
    assert curve.tolist() == [[1.0, 0.5]]
