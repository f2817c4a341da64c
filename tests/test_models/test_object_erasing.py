import pytest
import torch

from mmsrdl.models.layers import ObjectErasing

from .brute_force import erased_box

HAND_MADE = {
    'one cell': [[1.0]],
    'constant': [[0.3, 0.3], [0.3, 0.3]],
    'diagonal': [[1.0, 0.0], [0.0, 1.0]],
    'row': [[0.1, 0.9, 0.8, 0.2, 0.9]],
    'column': [[0.1], [0.9], [0.2], [0.9], [0.95]],
    'vertical bar': [[0.0, 1.0, 0.0]] * 4,
    'horizontal bar': [[0.0] * 4, [1.0] * 4, [0.0] * 4],
    'two peaks': [[1.0, 0.0, 1.0, 0.9, 0.0]],
    'equal widths': [[1.0, 0.9, 0.0, 0.9, 1.0]],
    'plateau': [[0.2, 1.0, 1.0, 1.0, 0.2]],
    'peak run, not the widest': [[0.8, 0.8, 0.8, 0.0, 1.0, 0.0]],
    'at the threshold': [[0.0, 0.5, 1.0, 0.5, 0.0]],
    'peak at the border': [[1.0, 0.2], [0.6, 0.1], [0.0, 0.0]],
}

EXPECTED = {
    'one cell': (0, 0, 0, 0),
    'constant': (0, 0, 0, 0),
    'diagonal': (0, 0, 2, 2),
    'row': (1, 0, 3, 1),
    'column': (0, 3, 1, 5),
    'vertical bar': (1, 0, 2, 4),
    'horizontal bar': (0, 1, 4, 2),
    'two peaks': (2, 0, 4, 1),
    'equal widths': (0, 0, 2, 1),
    'plateau': (1, 0, 4, 1),
    'peak run, not the widest': (4, 0, 5, 1),
    'at the threshold': (1, 0, 4, 1),
    'peak at the border': (0, 0, 1, 2),
}


@pytest.mark.parametrize('name', HAND_MADE)
def test_hand_made_maps(name):
    grid = HAND_MADE[name]
    box = ObjectErasing(alpha=0.5).locate(torch.tensor([grid]))
    assert box.dtype == torch.int64
    assert tuple(box[0].tolist()) == EXPECTED[name]
    assert erased_box(grid, 0.5) == EXPECTED[name]


@pytest.mark.parametrize('alpha', [0.1, 0.5, 0.9])
@pytest.mark.parametrize('size', [(1, 1), (1, 7), (7, 1), (7, 7), (5, 14)])
@pytest.mark.parametrize('levels', [2, 4, None])
def test_equals_brute_force(alpha, size, levels):
    """Few levels make ties, plateaus and several peaks."""
    generator = torch.Generator().manual_seed(0)
    maps = torch.rand(300, *size, generator=generator, dtype=torch.float64)
    if levels:
        maps = (maps * levels).floor() / levels
    erasing = ObjectErasing(alpha=alpha)
    expected = [erased_box(grid, alpha) for grid in maps.tolist()]
    boxes = erasing.locate(maps)
    assert boxes.tolist() == [list(box) for box in expected]

    keep = erasing(maps)
    assert keep.dtype == torch.bool
    for mask, (x1, y1, x2, y2) in zip(keep, expected, strict=True):
        inside = torch.zeros(size, dtype=torch.bool)
        inside[y1:y2, x1:x2] = True
        assert torch.equal(mask, ~inside)
    assert torch.isclose(erasing.erased_area, (~keep).float().mean())


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_compares_in_the_dtype_of_the_map(dtype):
    """0.4999 and 0.5 are one number in half precision."""
    maps = torch.tensor([[[0.0, 0.4999, 1.0]]])
    assert ObjectErasing().locate(maps)[0].tolist() == [2, 0, 3, 1]
    assert ObjectErasing().locate(maps.to(dtype))[0].tolist() == [1, 0, 3, 1]


def test_alpha_and_topk_are_plain_attributes_without_state():
    erasing = ObjectErasing(topk=5, alpha=0.3)
    assert (erasing.enabled, erasing.topk, erasing.alpha) == (True, 5, 0.3)
    assert not erasing.state_dict() and not list(erasing.parameters())
    maps = torch.tensor([[[0.0, 0.4, 1.0]]])
    wide = erasing.locate(maps)
    erasing.alpha = 0.5
    assert wide[0].tolist() == [1, 0, 3, 1]
    assert erasing.locate(maps)[0].tolist() == [2, 0, 3, 1]


@pytest.mark.parametrize(
    'options',
    [
        dict(topk=0),
        dict(topk=1.5),
        dict(topk=2.0),
        dict(topk=True),
        dict(alpha=0),
        dict(alpha=1.0),
    ],
)
def test_refuses_impossible_options(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        ObjectErasing(**options)


@pytest.mark.parametrize('where', [slice(None), (0, 0, 0)])
def test_nan_erases_nothing(where):
    maps = torch.rand(1, 3, 4)
    maps[where] = float('nan')
    erasing = ObjectErasing()
    assert erasing.locate(maps).tolist() == [[0, 0, 0, 0]]
    assert erasing(maps).all()
