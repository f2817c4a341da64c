"""ML-GCN's scores and loss, against loops over its equations."""

import torch
from mmpretrain.structures import DataSample

from projects.ml_gcn.ml_gcn import MLGCNHead

B, C, D, E = 3, 5, 7, 4


def build_head():
    torch.manual_seed(0)
    return MLGCNHead(C, D, embed_dims=E, hidden_channels=6)


def draw_feats():
    torch.manual_seed(1)
    return torch.randn(B, D, 2, 3), torch.randn(C, E), torch.rand(C, C)


def test_scores():
    head, (feature, words, graph) = build_head(), draw_feats()
    with torch.no_grad():
        z = head.gcn(words, graph)
        logits = head((feature, words, graph))
        found = head.attend((feature, words, graph))
    for b in range(B):
        pooled = torch.tensor([feature[b, d].max() for d in range(D)])
        for c in range(C):
            torch.testing.assert_close(logits[b, c], z[c] @ pooled)
            for y in range(2):
                for x in range(3):
                    score = z[c] @ feature[b, :, y, x]
                    torch.testing.assert_close(
                        found.spatial[b, c, y, x], score
                    )
    assert torch.equal(found.logits, logits)


def test_loss_is_the_soft_margin_of_the_known():
    head, feats = build_head(), draw_feats()
    target = torch.tensor([[1.0, 0, 0, 1, 0]] * B)
    target[:, 2] = -1
    samples = [DataSample().set_gt_score(row) for row in target]
    losses = head.loss(feats, samples)
    known = [0, 1, 3, 4]
    expected = torch.nn.functional.multilabel_soft_margin_loss(
        head(feats)[:, known], target[:, known]
    )
    torch.testing.assert_close(losses, dict(loss=expected))
