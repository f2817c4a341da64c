"""SRDL eqs. 3-13 once more, in loops: what the tests compare with."""

import math

import torch


def widest_peak_run(profile, alpha):
    """Eqs. 7-10 on one list of numbers."""
    low, high = min(profile), max(profile)
    if low == high:
        return 0, len(profile)
    best = (0, 0)
    start = None
    for i, value in enumerate([*profile, -math.inf]):
        large = i < len(profile) and (value - low) / (high - low) >= alpha
        if large and start is None:
            start = i
        if not large and start is not None:
            holds_peak = any(profile[j] == high for j in range(start, i))
            if holds_peak and i - start > best[1] - best[0]:
                best = (start, i)
            start = None
    return best


def erased_box(grid, alpha):
    """The box x1, y1, x2, y2 of one map, a list of rows."""
    values = [value for row in grid for value in row]
    if min(values) == max(values):
        return 0, 0, 0, 0
    x1, x2 = widest_peak_run([max(column) for column in zip(*grid)], alpha)
    y1, y2 = widest_peak_run([max(row) for row in grid], alpha)
    return x1, y1, x2, y2


def label_features(neck):
    """Eq. 3 with row normalisation."""
    nodes = neck.label_embedding
    for layer in neck.layers:
        rows = []
        for row in neck.adjacency:
            total = row.abs().sum()
            rows.append(
                sum(v.abs() / total * x for v, x in zip(row, nodes))
                @ layer.weight
            )
        nodes = torch.stack([torch.where(r > 0, r, 0.2 * r) for r in rows])
    return nodes


def attention(head, image, label):
    """Eqs. 4-5 for one image (D, h, w) and one label (E,)."""
    channels, height, width = image.shape
    guide = head.f_w(label)
    channel = spatial = None
    if head.channel_attention:
        pooled = torch.stack([image[d].max() for d in range(channels)])
        channel = torch.sigmoid(
            head.f_c(torch.tanh(head.f_ca(pooled) * guide))
        )
    if head.spatial_attention:
        spatial = [
            [
                torch.sigmoid(
                    head.f_s(torch.tanh(head.f_sa(image[:, y, x]) * guide))
                )[0]
                for x in range(width)
            ]
            for y in range(height)
        ]
    return channel, spatial


def logit(head, image, c, channel, spatial):
    """Eq. 6 and the classifier of category c."""
    channels, height, width = image.shape
    feature = []
    for d in range(channels):
        best = None
        for y in range(height):
            for x in range(width):
                value = image[d, y, x]
                if channel is None:
                    value = value * spatial[y][x]
                elif spatial is None:
                    value = value * channel[d]
                else:
                    value = 0.5 * value * spatial[y][x] + (
                        0.5 * value * channel[d]
                    )
                if best is None or value > best:
                    best = value
        feature.append(best)
    weight, bias = head.classifier.weight[c], head.classifier.bias[c]
    return sum(w * f for w, f in zip(weight, feature)) + bias


def losses(head, neck, images, targets, topk=3, alpha=0.5):
    """Eqs. 11-13 as means over the known labels; logits and erased logits."""
    labels = label_features(neck)
    original, erased = [], []
    for image in images:
        gates = [attention(head, image, label) for label in labels]
        scores = [logit(head, image, c, *g) for c, g in enumerate(gates)]
        original.append(torch.stack(scores))
        ranking = sorted(
            range(len(scores)), key=lambda c: (-scores[c].item(), c)
        )
        for c in ranking[:topk]:
            channel, spatial = gates[c]
            grid = [[value.item() for value in row] for row in spatial]
            x1, y1, x2, y2 = erased_box(grid, alpha)
            cut = [
                [
                    value * 0 if x1 <= x < x2 and y1 <= y < y2 else value
                    for x, value in enumerate(row)
                ]
                for y, row in enumerate(spatial)
            ]
            scores[c] = logit(head, image, c, channel, cut)
        erased.append(torch.stack(scores))
    original, erased = torch.stack(original), torch.stack(erased)

    def cross_entropy(logits):
        total, known = 0, 0
        for z, y in zip(logits.flatten(), targets.flatten()):
            if y >= 0:
                p = torch.sigmoid(z)
                total = total - y * p.log() - (1 - y) * (1 - p).log()
                known += 1
        return total / known

    return original, erased, cross_entropy(original), cross_entropy(erased)
