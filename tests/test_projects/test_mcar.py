"""MCAR's regions on maps made by hand, its streams, pooling and inference."""

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from test_models.brute_force import erased_box

from projects.mcar.mcar.region_localisation import cut_regions, locate_regions

C, D = 5, 32


def bar(length, start, end, inside=1.0, outside=0.0):
    """A map that is the same along x, and has a run along y."""
    profile = torch.full((length,), outside)
    profile[start:end] = inside
    return profile


def box_of(columns, rows, least=0.0, alpha=0.5):
    """Box of a map that is the lesser of a profile of x and one of y."""
    grid = torch.minimum(columns[None], rows[:, None])
    size = tuple(grid.shape)
    return locate_regions(grid[None], size, alpha, least)[0].tolist()


@pytest.mark.parametrize('length', [7, 14, 448])
def test_run_neither_starts_nor_ends_early(length):
    """Of a peak of one sample, of a plateau, at both borders."""
    peak = bar(length, 5, 6)
    assert box_of(peak, peak) == [5, 5, 6, 6]
    plateau = bar(length, 2, 5)
    assert box_of(plateau, peak) == [2, 5, 5, 6]
    first, last = bar(length, 0, 2), bar(length, length - 3, length)
    assert box_of(first, last) == [0, length - 3, 2, length]


def test_runs_below_the_threshold_are_none():
    """The widest stretch of all is below it, and holds no maximum."""
    columns = torch.tensor([1.0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.9, 0.9, 0.9])
    assert box_of(columns, bar(7, 1, 3)) == [0, 1, 1, 3]


def test_sample_at_the_threshold_belongs_to_the_run():
    columns = torch.tensor([0.0, 0.5, 1.0, 0.5, 0.0, 0.6, 0.0])
    assert box_of(columns, bar(7, 1, 3)) == [1, 1, 4, 3]


def test_constant_profile_selects_its_axis():
    assert box_of(bar(14, 3, 5), torch.ones(7)) == [3, 0, 5, 7]
    constant = torch.full((1, 3, 3), 0.4)
    boxes = locate_regions(constant, (64, 96), 0.5, 1 / 8)
    assert boxes.tolist() == [[0, 0, 96, 64]]


def test_small_regions_grow_inside_the_image():
    """Around their centre, or away from the border."""
    middle, first, last = bar(64, 20, 21), bar(64, 0, 1), bar(64, 63, 64)
    assert box_of(middle, middle, least=1 / 8) == [17, 17, 25, 25]
    assert box_of(first, last, least=1 / 8) == [0, 56, 8, 64]
    assert box_of(first, last, least=1) == [0, 0, 64, 64]


def test_equals_brute_force_at_the_size_of_the_image():
    torch.manual_seed(0)
    maps = torch.rand(20, 3, 4, dtype=torch.float64)
    large = F.interpolate(
        maps[:, None], (21, 40), mode='bilinear', align_corners=True
    )[:, 0]
    expected = [erased_box(grid, 0.3) for grid in large.tolist()]
    boxes = locate_regions(maps, (21, 40), 0.3, 0.0)
    assert [tuple(box) for box in boxes.tolist()] == expected


def test_regions_are_cut_and_resized():
    """As one crop and one resize for each region would."""
    torch.manual_seed(0)
    images = torch.rand(2, 3, 12, 17)
    boxes = torch.tensor(
        [[[0, 0, 17, 12], [3, 2, 4, 9]], [[5, 1, 16, 12], [16, 11, 17, 12]]]
    )
    regions = cut_regions(images, boxes)
    assert regions.shape == (2, 2, 3, 12, 17)
    for image, its_boxes, its_regions in zip(images, boxes, regions):
        for (x1, y1, x2, y2), region in zip(its_boxes.tolist(), its_regions):
            expected = F.interpolate(
                image[None, :, y1:y2, x1:x2],
                (12, 17),
                mode='bilinear',
                align_corners=True,
            )[0]
            torch.testing.assert_close(region, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(regions[0, 0], images[0])


def build(pooling='gwp', **options):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='MCARClassifier',
            backbone=dict(
                type='ResNet', depth=18, stem_channels=8, base_channels=4
            ),
            head=dict(
                type='MCARHead',
                num_classes=C,
                in_channels=D,
                pooling=pooling,
                init_cfg=dict(type='Normal', layer='Linear', std=1.0),
            ),
            **options,
        )
    ).eval()


@pytest.fixture
def images():
    torch.manual_seed(1)
    return torch.rand(3, 3, 64, 64)


def initialised(**options):
    model = build(**options)
    model.head.init_weights()
    return model


@pytest.mark.parametrize('pooling', ['avg', 'max', 'gwp'])
def test_streams_one_by_one(images, pooling):
    """Both inference modes against one image and one region at a time."""
    model = initialised(pooling=pooling)
    pool = dict(
        avg=lambda f: f.mean((2, 3)),
        max=lambda f: f.amax((2, 3)),
        gwp=lambda f: (f.mean((2, 3)) + f.amax((2, 3))) / 2,
    )[pooling]

    def classify(image):
        return model.head.fc(pool(model.backbone(image[None])[-1]))[0]

    with torch.no_grad():
        both = model(images)
        feature = model.backbone(images)[-1]
        boxes = model.locate(images, feature)
        model.inference = 'global'
        whole = model(images)
        for i, image in enumerate(images):
            expected = classify(image)
            torch.testing.assert_close(whole[i], expected)
            best = expected.topk(4).indices
            cam = torch.einsum(
                'cd,dhw->chw', model.head.fc.weight[best], feature[i]
            )
            maps = (cam + model.head.fc.bias[best, None, None]).sigmoid()
            at = locate_regions(maps, (64, 64), 0.5, 1 / 8)
            assert torch.equal(boxes[i], at)
            for x1, y1, x2, y2 in at.tolist():
                region = F.interpolate(
                    image[None, :, y1:y2, x1:x2],
                    (64, 64),
                    mode='bilinear',
                    align_corners=True,
                )[0]
                expected = torch.maximum(expected, classify(region))
            torch.testing.assert_close(both[i], expected, atol=1e-4, rtol=0)
    assert (both > whole).any()


def test_loss_is_that_of_both_streams(images):
    model = initialised()
    labels = torch.tensor([[1.0, 0, 0, 1, -1], [0, 1, 0, 0, 0], [0] * 5])
    samples = [DataSample().set_gt_score(label) for label in labels]
    losses = model.loss(images, samples)
    whole, regions = model.extract_feat(images)
    known = labels >= 0
    for name, logits in (
        ('loss_global', model.head.classify(whole)),
        ('loss_local', model.head.classify(regions).amax(1)),
    ):
        expected = F.binary_cross_entropy(
            logits.sigmoid()[known], labels[known]
        )
        torch.testing.assert_close(losses[name], expected)


def test_no_gradient_through_the_choice(images):
    images.requires_grad_()
    model = initialised()
    regions = model.cut(images, model.backbone(images)[-1])
    assert not regions.requires_grad


def test_training_asks_the_regions_always(images):
    model = initialised(inference='global', num_regions=9)
    assert len(model.extract_feat(images)) == 1
    whole, regions = model.train().extract_feat(images)
    assert whole.shape == (3, D, 2, 2)
    assert regions.shape == (3, C, D, 2, 2)  # no more regions than classes


def test_maps_are_scores_of_positions(images):
    model = initialised()
    feats = model.extract_feat(images)
    attention = model.head.attend(feats)
    assert attention.spatial.shape == (3, C, 2, 2)
    logits = attention.spatial.logit().mean((2, 3))
    expected = model.head.fc(feats[0].mean((2, 3)))
    torch.testing.assert_close(logits, expected, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(attention.logits, model(images))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(num_regions=0), 'num_regions >= 1'),
        (dict(alpha=1.0), 'alpha < 1'),
        (dict(least_region=0.0), 'least_region'),
        (dict(inference='local'), "'global_local' or 'global'"),
        (dict(pooling='sum'), 'pooling must be one of'),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)
