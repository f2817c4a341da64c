import pytest
import torch

from mmsrdl.evaluation.calibration import (
    apply_temperatures,
    cross_entropy,
    fit_temperatures,
    measure_reliability,
    temper_by_halves,
)
from mmsrdl.evaluation.functional import average_precision


def draw(temperatures, count=20000, seed=0):
    """Scores that are right after the given temperatures, and labels."""
    generator = torch.Generator().manual_seed(seed)
    size = count, len(temperatures)
    logits = 3 * torch.randn(size, generator=generator) - 1
    chance = (logits / torch.tensor(temperatures)).sigmoid()
    targets = torch.rand(size, generator=generator) < chance
    return logits.sigmoid(), targets.to(torch.int8)


def loss(scores, targets):
    return cross_entropy(scores, targets).double().sum(0)


def test_error_by_hand(case):
    scores, targets = case
    bins = measure_reliability(scores, targets, num_bins=5)
    for c, error in enumerate(bins.calibration_error().tolist()):
        expected = total = 0
        for b in range(5):
            low, high = b / 5, (b + 1) / 5
            inside = (scores[:, c] >= low) & (scores[:, c] < high)
            inside |= (scores[:, c] == 1) & (b == 4)
            inside &= targets[:, c] >= 0
            count = int(inside.sum())
            total += count
            if count:
                present = (targets[inside, c] == 1).double().mean()
                gap = scores[inside, c].double().mean() - present
                expected += count * abs(gap.item())
        assert error == pytest.approx(expected / max(total, 1), abs=1e-6)
    pooled = bins.pooled()
    assert pooled.count.sum() == (targets >= 0).sum()
    assert pooled.present.sum() == (targets == 1).sum()


def test_cross_entropy(case):
    scores, targets = case
    found = cross_entropy(scores, targets)
    known = targets >= 0
    expected = torch.nn.functional.binary_cross_entropy(
        scores[known].double().clamp(1e-7, 1 - 1e-7),
        targets[known].double(),
        reduction='none',
    )
    torch.testing.assert_close(
        found[known].double(), expected, rtol=1e-2, atol=1e-5
    )
    assert not found[~known].any()


def test_temperatures_are_found():
    true = [0.5, 1.0, 2.5]
    scores, targets = draw(true)
    fitted = fit_temperatures(scores, targets)
    torch.testing.assert_close(
        fitted, torch.tensor(true).double(), rtol=0.06, atol=0
    )
    best = loss(apply_temperatures(scores, fitted), targets)
    for factor in (0.97, 1.03):
        other = apply_temperatures(scores, fitted * factor)
        assert (loss(other, targets) > best).all()
    common = fit_temperatures(scores, targets, per_class=False)
    assert len(common.unique()) == 1
    least = loss(apply_temperatures(scores, common), targets).sum()
    for factor in (0.97, 1.03):
        other = apply_temperatures(scores, common * factor)
        assert loss(other, targets).sum() > least


def test_what_a_temperature_changes():
    scores, targets = draw([0.4, 3.0])
    tempered = temper_by_halves(scores, targets)
    before, after = (
        measure_reliability(values, targets).calibration_error()
        for values in (scores, tempered)
    )
    assert (after < before / 3).all()
    assert torch.equal(tempered >= 0.5, scores >= 0.5)
    fitted = apply_temperatures(scores, fit_temperatures(scores, targets))
    torch.testing.assert_close(
        average_precision(fitted, targets), average_precision(scores, targets)
    )


def test_the_other_half_is_fitted():
    scores, targets = draw([0.4], count=400)
    tempered = temper_by_halves(scores, targets)
    for half in (0, 1):
        fitted = fit_temperatures(
            scores[1 - half :: 2], targets[1 - half :: 2]
        )
        expected = apply_temperatures(scores[half::2], fitted)
        assert torch.equal(tempered[half::2], expected)


def test_unknown_and_rare_labels():
    scores, targets = draw([2.0, 2.0, 0.5])
    unknown = torch.rand(scores.shape) < 0.3
    known = targets.masked_fill(unknown, -1)
    # What is unknown must not matter.
    other = scores.masked_fill(unknown, 0.9)
    expected = fit_temperatures(scores, known)
    assert torch.equal(fit_temperatures(other, known), expected)
    known[:, 2] = 0
    known[:9, 2] = 1
    fitted = fit_temperatures(scores, known)
    assert fitted[2] == fit_temperatures(scores, known, per_class=False)[2]
    assert fitted[0] != fitted[2]


def test_saturated_scores():
    scores = torch.tensor([[0.0], [1.0]] * 20)
    targets = torch.tensor([[0], [1]] * 19 + [[1], [0]])
    fitted = fit_temperatures(scores, targets)
    assert fitted.isfinite().all()
    assert apply_temperatures(scores, fitted).isfinite().all()
