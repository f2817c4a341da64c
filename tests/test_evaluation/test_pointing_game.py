import numpy as np
import pytest
import torch

from mmsrdl.evaluation import peak_in_box, pointing_game


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


def test_game_is_played_for_correct_predictions_only():
    spatial = torch.zeros(2, 3, 2, 2)
    spatial[:, :, 0, 0] = 1
    hit, miss = box(0, 0, 0.5, 0.5), box(0.5, 0.5, 1, 1)
    predicted = torch.tensor([[True, True, False], [True, False, True]])
    boxes = [
        {0: hit, 2: hit},  # class 1 is a false positive, class 2 is missed
        {0: miss, 2: torch.cat([miss, hit])},
    ]
    assert pointing_game(spatial, predicted, boxes) == (2, 3)
    assert pointing_game(spatial, ~predicted, [{}, {}]) == (0, 0)
