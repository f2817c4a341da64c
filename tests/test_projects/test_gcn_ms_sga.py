"""GCN-MS-SGA's attention and scores, against loops over its equations."""

import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample

from projects.gcn_ms_sga.gcn_ms_sga import SGAHead

B, C, D, E, H, W = 2, 5, 7, 4, 2, 3


def build():
    """A head with random statistics in its BatchNorm, in evaluation."""
    torch.manual_seed(0)
    head = SGAHead(C, D, embed_dims=E, hidden_channels=6)
    for module in head.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.weight)
            torch.nn.init.normal_(module.bias)
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return head.eval()


def draw_feats():
    torch.manual_seed(1)
    return torch.randn(B, D, H, W), torch.randn(C, E), torch.rand(C, C)


def transform(block, column):
    """Convolution and BatchNorm of one position."""
    conv, norm = block
    value = conv.weight[:, :, 0, 0] @ column
    value = (value - norm.running_mean) / (norm.running_var + norm.eps).sqrt()
    return value * norm.weight + norm.bias


@torch.no_grad()
def test_scores():
    head, feats = build(), draw_feats()
    labels = head.gcn(*feats[1:])
    found = head.attend(feats)
    for b in range(B):
        for c in range(C):
            alike, maps = torch.zeros(H, W), torch.zeros(H, W)
            for y in range(H):
                for x in range(W):
                    column = feats[0][b, :, y, x]
                    position = transform(head.transform, column)
                    cosine = labels[c] @ position
                    cosine /= labels[c].norm() * position.norm()
                    alike[y, x] = max(cosine, 0)
                    maps[y, x] = transform(head.class_map, column)[c]
            z = alike / alike.sum()
            torch.testing.assert_close(found.spatial[b, c], z)
            torch.testing.assert_close(found.logits[b, c], (z * maps).sum())
            pooled = (z * feats[0][b]).sum((1, 2))
            torch.testing.assert_close(head.pre_logits(feats)[b, c], pooled)
    assert torch.equal(head(feats), found.logits)


def test_nothing_like_the_label():
    """Neither a division by zero, nor a gradient of it."""
    head = build().train()
    torch.nn.init.zeros_(head.transform[1].weight)
    torch.nn.init.zeros_(head.transform[1].bias)
    feats = draw_feats()
    found = head.attend(feats)
    assert not found.spatial.any() and not found.logits.any()
    found.logits.sum().backward()
    for parameter in head.parameters():
        assert parameter.grad.isfinite().all()


def test_loss_is_the_mean_over_the_known():
    head, feats = build(), draw_feats()
    target = torch.tensor([[1.0, 0, -1, 1, 0], [0, -1, -1, 0, 1]])
    samples = [DataSample().set_gt_score(row) for row in target]
    known = target >= 0
    logits = head(feats)
    expected = F.binary_cross_entropy(logits.sigmoid()[known], target[known])
    torch.testing.assert_close(head.loss(feats, samples), dict(loss=expected))
