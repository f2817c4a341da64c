import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mmsrdl.models.tta import AverageMultiLabelScoreTTA


@pytest.mark.parametrize(
    ('choice', 'expected'), [(dict(thr=0.5), [1, 2]), (dict(topk=1), [2])]
)
def test_labels_are_those_of_the_average(choice, expected):
    classifier = MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=dict(type='LeNet5'),
            head=dict(
                type='MultiLabelLinearClsHead',
                num_classes=3,
                in_channels=84,
                **choice,
            ),
        )
    )
    model = AverageMultiLabelScoreTTA(classifier)
    views = [
        DataSample().set_pred_score(torch.tensor(scores)).set_pred_label([0])
        for scores in ([0.6, 0.4, 0.9], [0.2, 0.7, 0.8])
    ]
    (merged,) = model.merge_preds([views])
    torch.testing.assert_close(
        merged.pred_score, torch.tensor([0.4, 0.55, 0.85])
    )
    assert merged.pred_label.tolist() == expected
    assert views[0].pred_label.tolist() == [0]
