"""Patches, targets and boxes of the spatial-context-aware network."""

import json
import math

import mmcv
import numpy as np
import pytest
import torch
from mmengine.dataset import Compose, default_collate
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS, MODELS, TRANSFORMS
from mmpretrain.structures import DataSample
from torchvision.ops import box_iou, nms, roi_align

import projects.spatial_context.spatial_context  # noqa: F401  registers
from mmsrdl.datasets.synthetic_voc import write_synthetic_voc
from projects.spatial_context.spatial_context.box_offsets import (
    decode_boxes,
    encode_boxes,
)
from projects.spatial_context.spatial_context.patch_generator import (
    Candidates,
    PatchGenerator,
    expand_patches,
    lay_anchors,
)
from projects.spatial_context.spatial_context.patch_pooling import (
    choose_stages,
    pool_patches,
)
from projects.spatial_context.spatial_context.patch_targets import (
    Objects,
    list_objects,
    match_anchors,
    patch_losses,
)

C, D = 5, 8
SIZES = (1 / 8, 1 / 4)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmpretrain')
    torch.manual_seed(0)


def make_feats(batch=2):
    return torch.randn(batch, D, 12, 9), torch.randn(batch, D, 6, 5)


def make_head(**kwargs):
    config = dict(
        type='SpatialContextHead',
        num_classes=C,
        in_channels=D,
        hidden_channels=6,
        num_patches=3,
        pool_size=2,
        anchor_sizes=SIZES,
    )
    return MODELS.build({**config, **kwargs})


def make_boxes(*shape):
    """Boxes that are not empty, inside the image."""
    corners = torch.rand(*shape, 2, 2).sort(-2).values
    corners[..., 1, :] += 0.05
    return (corners / 1.05).flatten(-2)


def make_sample(boxes, labels=(0,), difficult=None, size=(100, 200)):
    sample = DataSample(metainfo=dict(img_shape=size))
    sample.set_gt_label(list(labels))
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    sample.gt_bboxes = boxes
    sample.gt_bboxes_difficult = np.array(
        difficult or [False] * len(boxes), bool
    )
    return sample


# Boxes of the data


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    root = tmp_path_factory.mktemp('scenes') / 'data'
    write_synthetic_voc(root, 4, 1, 2, 64, ('boat', 'car'), num_workers=1)
    return root


def test_training_entries_have_boxes(scenes):
    config = dict(
        type='VOCWithBoxes',
        data_root=str(scenes),
        split='train',
        classes=['boat', 'car'],
    )
    dataset = DATASETS.build(config)
    counts = set()
    for i in range(4):
        expected, info = dataset.get_boxes(i), dataset.get_data_info(i)
        boxes = info['gt_boxes'].reshape(-1, 4)
        np.testing.assert_array_equal(boxes, expected.boxes)
        np.testing.assert_array_equal(
            info['gt_boxes_difficult'], expected.difficult
        )
        assert set(info['gt_label']) <= set(expected.labels)
        counts.add(len(boxes))
    part = dataset.get_subset([2])
    np.testing.assert_array_equal(
        part.get_data_info(0)['gt_boxes'], dataset.get_boxes(2).boxes.ravel()
    )
    assert max(counts) > 0
    test = DATASETS.build({**config, 'test_mode': True})
    assert 'gt_boxes' not in test.get_data_info(0)


def test_boxes_of_coco(tmp_path):
    """An image without objects, and a crowd, which is difficult."""
    images = [
        dict(id=i, file_name=f'{i}.png', width=40, height=20) for i in (3, 7)
    ]
    annotation = dict(
        id=1, image_id=7, category_id=1, bbox=[10, 5, 20, 10], iscrowd=1
    )
    (tmp_path / 'instances.json').write_text(
        json.dumps(
            dict(
                images=images,
                annotations=[annotation],
                categories=[dict(id=1, name='cat'), dict(id=2, name='dog')],
            )
        )
    )
    for each in images:
        path = tmp_path / each['file_name']
        mmcv.imwrite(np.zeros((20, 40, 3), np.uint8), str(path))
    dataset = DATASETS.build(
        dict(
            type='CocoWithBoxes',
            data_root=str(tmp_path),
            ann_file='instances.json',
            classes=['cat', 'dog'],
            filter_empty=False,
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadBoxes'),
                dict(type='PackInputs', algorithm_keys=('gt_bboxes',)),
            ],
        )
    )
    assert dataset[0]['data_samples'].gt_bboxes.shape == (0, 4)
    boxes = dataset[1]['data_samples'].gt_bboxes
    np.testing.assert_allclose(boxes, [[10, 5, 30, 15]], rtol=1e-6)
    assert dataset.get_data_info(1)['gt_boxes_difficult'].tolist() == [True]


@pytest.mark.parametrize('flip', [0.0, 1.0])
@pytest.mark.parametrize(
    'step',
    [
        dict(type='MultiScaleCrop', resize=96, crop_sizes=(64,), size=80),
        dict(type='Resize', scale=(80, 80)),
    ],
    ids=lambda step: step['type'],
)
def test_boxes_move_with_the_image(tmp_path, step, flip):
    """A bright object stays in its box through the whole pipeline."""
    img = np.zeros((60, 100, 3), np.uint8)
    img[20:40, 30:75] = 255
    path = tmp_path / 'image.png'
    mmcv.imwrite(img, str(path))
    steps = [
        dict(type='LoadImageFromFile'),
        dict(type='LoadBoxes'),
        step,
        dict(type='RandomFlip', prob=flip, direction='horizontal'),
        dict(
            type='PackInputs',
            algorithm_keys=('gt_bboxes', 'gt_bboxes_difficult'),
        ),
    ]
    np.random.seed(3)
    packed = Compose([TRANSFORMS.build(each) for each in steps])(
        dict(
            img_path=str(path),
            gt_label=[0],
            gt_boxes=np.array([0.3, 1 / 3, 0.75, 2 / 3], np.float32),
            gt_boxes_difficult=np.array([False]),
        )
    )
    (objects,) = list_objects([packed['data_samples']], 'cpu')
    rows, columns = torch.nonzero(packed['inputs'][0] > 127, as_tuple=True)
    drawn = torch.tensor(
        [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    )
    assert (objects.boxes[0] * 80 - drawn).abs().max() <= 1
    assert drawn[2] - drawn[0] > 20


def test_data_without_boxes_is_told():
    step = TRANSFORMS.build(dict(type='LoadBoxes'))
    with pytest.raises(ValueError, match='VOCWithBoxes or CocoWithBoxes'):
        step(dict(img=np.zeros((4, 4, 3))))
    sample = DataSample(metainfo=dict(img_shape=(4, 4))).set_gt_label([0])
    sample.gt_bboxes = np.zeros((1, 4), np.float32)
    with pytest.raises(ValueError, match='no gt_bboxes_difficult: take VOC'):
        make_head().loss(make_feats(1), [sample])
    del sample.gt_bboxes
    with pytest.raises(ValueError, match='no gt_bboxes and no'):
        make_head().loss(make_feats(1), [sample])


@pytest.mark.parametrize(
    'step',
    [
        dict(type='CenterCrop', crop_size=40),
        dict(type='Resize', scale=(48, 48)),
        dict(type='RandomFlip', prob=1.0),
    ],
    ids=lambda step: step['type'],
)
def test_boxes_are_loaded_first(scenes, step):
    steps = [dict(type='LoadImageFromFile'), step, dict(type='LoadBoxes')]
    dataset = DATASETS.build(
        dict(
            type='VOCWithBoxes',
            data_root=str(scenes),
            split='train',
            classes=['boat', 'car'],
            pipeline=steps,
        )
    )
    with pytest.raises(ValueError, match='right after LoadImageFromFile'):
        dataset[0]


def test_boxes_are_listed_in_units_of_the_image():
    samples = [
        make_sample([[20, 10, 100, 50], [0, 0, 200, 100]], (), [False, True]),
        make_sample([]),
    ]
    two, none = list_objects(default_collate(samples), 'cpu')
    expected = torch.tensor([[0.1, 0.1, 0.5, 0.5], [0, 0, 1, 1], [0] * 4])
    torch.testing.assert_close(two.boxes, expected)
    assert two.difficult.tolist() == [False, True, False]
    assert torch.equal(none.boxes, torch.zeros(1, 4))
    assert none.difficult.tolist() == [False]


# Patches


def test_anchors_lie_around_the_cells_of_any_map():
    boxes = lay_anchors(torch.zeros(1, 1, 3, 5), 0.2, (0.25, 1.0))
    assert boxes.shape == (3 * 5 * 2, 4)
    centers = (boxes[:, :2] + boxes[:, 2:]) / 2
    width, height = (boxes[:, 2:] - boxes[:, :2]).unbind(1)
    torch.testing.assert_close(centers[0], torch.tensor([0.1, 1 / 6]))
    torch.testing.assert_close(centers[2], torch.tensor([0.3, 1 / 6]))
    torch.testing.assert_close(centers[-1], torch.tensor([0.9, 5 / 6]))
    torch.testing.assert_close(width * height, torch.full((30,), 0.04))
    torch.testing.assert_close(height[:2] / width[:2], torch.tensor([0.25, 1]))


def test_offsets_are_those_of_the_formula():
    anchors, boxes = make_boxes(4, 7), make_boxes(4, 7)
    offsets = encode_boxes(boxes, anchors)
    torch.testing.assert_close(
        decode_boxes(offsets, anchors), boxes, atol=1e-5, rtol=0
    )
    (ax1, ay1, ax2, ay2), (x1, y1, x2, y2) = (
        each[2, 3].tolist() for each in (anchors, boxes)
    )
    expected = [
        ((x1 + x2) / 2 - (ax1 + ax2) / 2) / (ax2 - ax1),
        ((y1 + y2) / 2 - (ay1 + ay2) / 2) / (ay2 - ay1),
        math.log((x2 - x1) / (ax2 - ax1)),
        math.log((y2 - y1) / (ay2 - ay1)),
    ]
    torch.testing.assert_close(
        offsets[2, 3], torch.tensor(expected), atol=1e-4, rtol=1e-4
    )
    assert decode_boxes(offsets * 1e6, anchors).isfinite().all()


def test_patches_are_the_most_confident_that_differ():
    """As one NMS for each image, wherever it is in the batch."""
    generator = PatchGenerator(D, SIZES, (1.0,), 4, 30, 0.3)
    anchors = make_boxes(40)
    candidates = Candidates(
        anchors, 0.1 * torch.randn(3, 40, 4), torch.randn(3, 40)
    )
    patches = generator.generate(candidates)
    assert patches.shape == (3, 4, 4)
    for i in range(3):
        boxes = decode_boxes(candidates.offsets[i], anchors)
        kept = nms(boxes, candidates.logits[i], 0.3)[:4]
        torch.testing.assert_close(patches[i, : len(kept)], boxes[kept])
    assert len(kept) > 1


def test_saturated_scores_keep_their_order():
    """As a sigmoid does not: in float32 it is 1 from 17 on."""
    generator = PatchGenerator(D, SIZES, (1.0,), 4, 30, 0.3)
    corners = torch.linspace(0, 0.9, 10)[:, None].expand(10, 2)
    anchors = torch.cat([corners, corners + 0.1], 1)
    logits = 50 + torch.arange(10.0)[None]
    patches = generator.generate(
        Candidates(anchors, torch.zeros(1, 10, 4), logits)
    )
    torch.testing.assert_close(patches[0], anchors.flip(0)[:4])


def test_number_of_patches_is_fixed():
    """Those that gave way fill up; few anchors give fewer."""
    generator = PatchGenerator(D, SIZES, (1.0,), 4, 30, 0.3)
    anchors = torch.tensor([[0.2, 0.2, 0.6, 0.6]]).repeat(9, 1)
    logits = torch.arange(9.0).expand(2, -1)
    offsets = torch.linspace(0, 0.1, 9)[:, None].expand(2, 9, 4)
    candidates = Candidates(anchors, offsets, logits)
    best = decode_boxes(offsets[0], anchors).flip(0)
    torch.testing.assert_close(generator.generate(candidates)[1], best[:4])
    few = Candidates(anchors[:3], offsets[:, :3], logits[:, :3])
    assert generator.generate(few).shape == (2, 3, 4)


def test_expanded_patches_keep_centre_and_image():
    patches = torch.tensor([[0.4, 0.3, 0.6, 0.4], [0.0, 0.9, 0.2, 1.0]])
    expected = [[0.3, 0.25, 0.7, 0.45], [0.0, 0.85, 0.3, 1.0]]
    torch.testing.assert_close(
        expand_patches(patches, 2), torch.tensor(expected)
    )


def test_features_come_from_the_stage_that_fits():
    """As one call for each patch would pool them."""
    feats = make_feats()
    patches = make_boxes(2, 6)
    stages = choose_stages(patches, SIZES)
    pooled = pool_patches(feats, patches, SIZES, 3)
    assert pooled.shape == (2, 6, D, 3, 3)
    areas = (patches[..., 2:] - patches[..., :2]).prod(-1)
    border = SIZES[0] * SIZES[1]  # the geometric mean, squared
    assert torch.equal(stages, (areas > border).long())
    for i in range(2):
        for n in range(6):
            feature = feats[stages[i, n]][i : i + 1]
            h, w = feature.shape[2:]
            cells = patches[i, n] * torch.tensor([w, h, w, h])
            expected = roi_align(
                feature, [cells[None]], 3, sampling_ratio=2, aligned=True
            )
            torch.testing.assert_close(pooled[i, n], expected[0])


# What is learned from the boxes


def test_anchors_are_matched_as_a_loop_would():
    anchors, boxes = make_boxes(30), make_boxes(3, 4)
    boxes[1, 2:] = 0  # two that fill up
    found = [match_anchors(anchors, each, 0.3, 0.5) for each in boxes]
    labels, index = map(torch.stack, zip(*found))
    for i in range(3):
        iou = box_iou(anchors, boxes[i])
        real = [m for m in range(4) if any(boxes[i, m])]
        for a in range(30):
            most = iou[a].max()
            best_of = [m for m in real if iou[:, m].argmax() == a]
            if best_of or most >= 0.5:
                theirs = best_of or real
                expected = max(theirs, key=lambda m: iou[a, m])
                assert (labels[i, a], index[i, a]) == (1, expected)
            else:
                assert labels[i, a] == (0 if most < 0.3 else -1)
    assert {-1, 0, 1} == set(labels.unique().tolist())


def test_losses_are_those_of_the_formulas():
    anchors = torch.tensor(
        [[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1], [0.5, 0, 1, 0.5]]
    )
    boxes = torch.tensor([[[0, 0, 0.5, 0.4]], [[0, 0, 0, 0]]])
    objects = [Objects(each, torch.tensor([False])) for each in boxes]
    offsets, logits = torch.randn(2, 3, 4) * 2, torch.randn(2, 3)
    location, patch = patch_losses(
        Candidates(anchors, offsets, logits), objects, 0.3, 0.5
    )
    target = encode_boxes(boxes[0, 0], anchors[0])
    expected = sum(
        0.5 * x * x if abs(x) < 1 else abs(x) - 0.5
        for x in (offsets[0, 0] - target).tolist()
    )
    assert location.item() == pytest.approx(expected, rel=1e-5)
    negative = torch.cat([logits[0, 1:], logits[1]])
    expected = -logits[0, 0].sigmoid().log()
    expected = (expected - (1 - negative.sigmoid()).log().mean()) / 2
    torch.testing.assert_close(patch, expected)


def test_difficult_objects_count_for_nothing():
    anchors, boxes = make_boxes(20), make_boxes(2)
    offsets = torch.randn(1, 20, 4, requires_grad=True)
    logits = torch.randn(1, 20, requires_grad=True)
    candidates = Candidates(anchors, offsets, logits)
    labels, _ = match_anchors(anchors, boxes, 0.3, 0.5)
    objects = Objects(boxes, torch.tensor([True, True]))
    losses = patch_losses(candidates, [objects], 0.3, 0.5)
    assert losses[0] == 0
    sum(losses).backward()
    assert not offsets.grad.any()
    assert torch.equal(logits.grad[0] != 0, labels == 0)
    assert (labels == 1).any()


# The head


def test_prediction_is_the_mean_of_the_branches():
    head, feats = make_head(), make_feats()
    scores = head.score_patches(feats)
    assert scores.objects.shape == scores.context.shape == (2, 3, C)
    wide = expand_patches(scores.tight, 2.0)
    assert torch.equal(scores.expanded, wide)
    assert not torch.equal(scores.objects, scores.context)
    expected = (
        scores.objects.max(1).values + scores.context.max(1).values
    ) / 2
    torch.testing.assert_close(head(feats), expected)


def test_three_losses():
    head, feats = (
        make_head(location_weight=2.0, patch_weight=3.0),
        make_feats(),
    )
    samples = [make_sample([[20, 10, 60, 50]]), make_sample([[0, 0, 90, 90]])]
    samples[0].set_gt_score([1.0, 0, 0, 0, -1])
    samples[1].set_gt_score([0.0, 0, 0, 1, 1])
    losses = head.loss(feats, samples)
    assert set(losses) == {'loss_location', 'loss_patch', 'loss_label'}
    plain = make_head()
    plain.load_state_dict(head.state_dict())
    for name, weight in (('location', 2), ('patch', 3), ('label', 1)):
        actual = losses[f'loss_{name}']
        expected = plain.loss(feats, samples)[f'loss_{name}']
        torch.testing.assert_close(actual, weight * expected)
    logits = head(feats)
    known = torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 1]])
    entropy = torch.nn.BCEWithLogitsLoss(reduction='none')
    total = entropy(logits[:, :4], known).sum()
    total += entropy(logits[1, 4], torch.tensor(1.0))
    torch.testing.assert_close(losses['loss_label'], total / 9 * C)


def test_images_without_objects_train():
    head, feats = make_head(), make_feats()
    losses = head.loss(feats, [make_sample([], ()), make_sample([], ())])
    assert losses['loss_location'] == 0
    sum(losses.values()).backward()
    assert all(p.grad.isfinite().all() for p in head.parameters())


def test_maps_show_the_tight_patches():
    head, feats = make_head(), make_feats()
    scores, maps = head.score_patches(feats), head.attend(feats).spatial
    assert maps.shape == (2, C, 12, 9)
    torch.testing.assert_close(head.attend(feats).logits, head(feats))
    for y in range(12):
        for x in range(9):
            inside = [
                scores.objects[1, n].sigmoid()
                for n, (x1, y1, x2, y2) in enumerate(scores.tight[1].tolist())
                if x1 <= (x + 0.5) / 9 < x2 and y1 <= (y + 0.5) / 12 < y2
            ]
            expected = (
                torch.stack(inside).amax(0) if inside else torch.zeros(C)
            )
            torch.testing.assert_close(maps[1, :, y, x], expected)
    assert maps.any()


@pytest.mark.parametrize(
    ('kwargs', 'match'),
    [
        (dict(num_patches=0), 'num_patches'),
        (dict(expansion=1.0), 'expansion > 1'),
        (dict(max_overlap=0.0), 'max_overlap > 0'),
        (dict(negative_iou=0.6), 'negative_iou <= positive_iou'),
    ],
)
def test_bad_options(kwargs, match):
    with pytest.raises(ValueError, match=match):
        make_head(**kwargs)


def test_each_stage_has_a_size():
    with pytest.raises(ValueError, match='2 anchor_sizes but 1 maps'):
        make_head()(make_feats()[:1])
