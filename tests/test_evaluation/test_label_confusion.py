import torch

from mmsrdl.evaluation.label_confusion import confuse_labels


def test_counts(case):
    scores, targets = case
    labels = scores >= 0.5
    pairs, missed, false = confuse_labels(labels, targets)
    size = scores.size(1)
    expected = torch.zeros(size, size, dtype=torch.long)
    for label, target in zip(labels, targets):
        for i in range(size):
            for j in range(size):
                is_missed = target[i] == 1 and not label[i]
                expected[i, j] += is_missed and target[j] == 0 and label[j]
    assert torch.equal(pairs, expected)
    assert torch.equal(missed, ((targets == 1) & ~labels).sum(0))
    assert torch.equal(false, ((targets == 0) & labels).sum(0))
    assert not pairs.diagonal().any()
