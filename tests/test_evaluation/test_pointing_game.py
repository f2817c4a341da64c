import numpy as np
import pytest
import torch

from mmsrdl.evaluation import (
    LocalisedLabels,
    energy_in_boxes,
    localise_labels,
    peak_in_box,
)


def box(*corners):
    return torch.tensor(corners, dtype=torch.float32).reshape(-1, 4)


def literal(spatial, boxes):
    """Look for the highest cell of one map, cell by cell."""
    height, width = len(spatial), len(spatial[0])
    best, peak = float('-inf'), None
    for row in range(height):
        for column in range(width):
            if spatial[row][column] > best:
                best, peak = spatial[row][column], (row, column)
    y, x = (peak[0] + 0.5) / height, (peak[1] + 0.5) / width
    return any(x1 <= x <= x2 and y1 <= y <= y2 for x1, y1, x2, y2 in boxes)


@pytest.mark.parametrize('seed', range(20))
def test_equals_literal(seed):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 8, 2)
    # Few values make many ties for the highest cell.
    spatial = torch.tensor(rng.integers(0, 4, (50, height, width)) / 3)
    boxes = []
    for count in rng.integers(0, 4, 50):
        corners = rng.random((count, 2, 2))
        corners.sort(axis=1)
        boxes.append(torch.tensor(corners.reshape(count, 4)))
    expected = [
        literal(s.tolist(), b.tolist())
        for s, b in zip(spatial, boxes, strict=True)
    ]
    assert peak_in_box(spatial, boxes).tolist() == expected


def test_first_of_equal_peaks_counts():
    spatial = torch.tensor([[[0.0, 1.0], [1.0, 1.0]]])
    assert peak_in_box(spatial, [box(0.5, 0, 1, 0.5)]).item()
    assert not peak_in_box(spatial, [box(0, 0.5, 1, 1)]).item()


def test_width_and_height_are_not_swapped():
    spatial = torch.zeros(1, 2, 10)
    spatial[0, 1, 9] = 1  # centre at x 0.95, y 0.75
    assert peak_in_box(spatial, [box(0.9, 0.7, 1, 0.8)]).item()
    assert not peak_in_box(spatial, [box(0.7, 0.9, 0.8, 1)]).item()


def test_maps_without_boxes_miss():
    assert peak_in_box(torch.ones(2, 3, 3), [box(), box()]).tolist() == [0, 0]
    assert peak_in_box(torch.ones(0, 3, 3), []).tolist() == []


def test_boxes_for_each_map():
    with pytest.raises(ValueError, match='2 maps'):
        peak_in_box(torch.ones(2, 3, 3), [box()])
    with pytest.raises(ValueError, match='2 maps'):
        energy_in_boxes(torch.ones(2, 3, 3), [box()])


@pytest.mark.parametrize('seed', range(10))
def test_energy_equals_that_of_many_points(seed):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 6, 2)
    spatial = torch.tensor(rng.normal(size=(4, height, width)))
    boxes = []
    for count in (0, 1, 2, 5):  # overlapping
        corners = rng.integers(0, 61, (count, 2, 2)) / 60
        corners.sort(axis=1)
        boxes.append(torch.tensor(corners.reshape(count, 4)))
    energy = energy_in_boxes(spatial, boxes)
    # All corners lie on a grid of 60 x 60 points' cells.
    points = (np.arange(60) + 0.5) / 60
    x, y = np.meshgrid(points, points)
    for heat, group, found in zip(spatial, boxes, energy, strict=True):
        mass = heat.clamp(min=0).numpy()
        mass = mass[(y * height).astype(int), (x * width).astype(int)]
        inside = np.zeros_like(x, bool)
        for x1, y1, x2, y2 in group.tolist():
            inside |= (x1 < x) & (x < x2) & (y1 < y) & (y < y2)
        expected = mass[inside].sum() / max(mass.sum(), 1e-9)
        assert found == pytest.approx(expected, abs=1e-9)


def test_energy_of_cells_covered_in_part():
    spatial = torch.tensor([[[1.0, 3.0]], [[-1.0, 0.0]]])
    quarter = box(0.25, 0, 0.625, 0.5)  # a quarter, and an eighth, of a cell
    energy = energy_in_boxes(spatial, [quarter, quarter])
    assert energy.tolist() == pytest.approx([(0.25 + 3 * 0.125) / 4, 0])
    assert energy_in_boxes(torch.ones(0, 3, 3), []).shape == (0,)


def test_labels_of_a_batch():
    spatial = torch.zeros(2, 3, 2, 2)
    spatial[:, :, 0, 0] = 1
    hit, miss = box(0, 0, 0.5, 0.5), box(0.5, 0.5, 1, 1)
    scores = torch.tensor([[0.9, 0.8, 0.1], [0.7, 0.2, 0.6]])
    boxes = [{0: hit, 2: hit}, {0: miss, 2: torch.cat([miss, hit])}]
    labels = localise_labels(spatial, scores, boxes, [7, 4])
    assert labels.image.tolist() == [7, 7, 4, 4]
    assert labels.label.tolist() == [0, 2, 0, 2]
    assert labels.score.tolist() == pytest.approx([0.9, 0.1, 0.7, 0.6])
    assert labels.hit.tolist() == [True, True, False, True]
    assert labels.energy.tolist() == [1, 1, 0, 1]
    assert labels.area.tolist() == [0.25, 0.25, 0.25, 0.5]
    predicted = labels.select(labels.score >= 0.5)
    assert predicted.image.tolist() == [7, 4, 4]
    again = LocalisedLabels.join([labels.select(labels.image == 7), predicted])
    assert again.label.tolist() == [0, 2, 0, 0, 2]
    nothing = localise_labels(spatial, scores, [{}, {}], [0, 1])
    assert all(len(column) == 0 for column in nothing)
